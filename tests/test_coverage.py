"""What `make coverage` records."""

from benchmarks.coverage import percentages


def test_lines_are_counted_for_each_package_and_for_all():
    files = [("slr/__init__.py", 1, 1), ("slr/io/files.py", 60, 30), ("slr/io/video.py", 40, 40),
             ("slr/errors.py", 9, 9), ("slr/models/stfnet/packing.py", 90, 0), ("slr/losses/__init__.py", 0, 0)]
    assert percentages(files) == {"lines_percent": 40.0, "lines_io_percent": 70.0, "lines_errors_percent": 100.0,
                                  "lines_models_percent": 0.0}
