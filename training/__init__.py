"""How models are learnt, judged and published."""
