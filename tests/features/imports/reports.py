"""What the tests of imports read in a report and in the file of rejected rows."""

import csv


def counts(report):
    """Return the rows read, added, replaced, unchanged and rejected."""
    return (report.read, report.added, report.replaced, report.unchanged, report.rejected)


def problems(report):
    """Return the messages of the report, without the folder of the file."""
    folder = report.file.rpartition("/")[0] + "/"
    return [str(problem).replace(folder, "") for problem in report.problems]


def rejected_rows(workspace):
    """Return the rows of `rejected.csv`."""
    with workspace.rejected_file.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
