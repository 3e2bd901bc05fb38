from service.serving.words.store import WordStore


def test_words_are_kept_by_model_and_text(tmp_path):
    store = WordStore(tmp_path / "new" / "words.sqlite")
    assert store.get("qwen", "led") is None
    assert not store.path.exists()
    assert store.put("qwen", "led", ("支架", "载带")) == ("支架", "载带")
    again = WordStore(store.path)
    assert again.get("qwen", "led") == ("支架", "载带")
    assert again.get("other", "led") is None
    assert again.get("qwen", "LED") is None


def test_what_was_kept_first_stays(tmp_path):
    store = WordStore(tmp_path / "words.sqlite")
    store.put("qwen", "led", ("支架",))
    assert store.put("qwen", "led", ("载带",)) == ("支架",)
    store.forget("qwen")
    assert store.put("qwen", "led", ("载带",)) == ("载带",)


def test_the_store_is_bounded(tmp_path):
    store = WordStore(tmp_path / "words.sqlite", most=3)
    for number in range(5):
        store.put("qwen", str(number), ("支架",))
    kept = [number for number in range(5) if store.get("qwen", str(number))]
    assert kept == [2, 3, 4]


def test_a_file_that_cannot_be_used_is_no_reason_to_fail(tmp_path):
    path = tmp_path / "words.sqlite"
    path.write_bytes(b"no database" * 1000)
    store = WordStore(path)
    assert store.get("qwen", "led") is None
    assert store.put("qwen", "led", ("支架",)) == ("支架",)
    (tmp_path / "file").write_text("")
    assert WordStore(tmp_path / "file" / "words").put("qwen", "led", ("支架",)) == ("支架",)
