"""Post-code digits: principal components of small pictures, a classifier, and which digits it takes for which.

    python examples/digits.py

It prints the confusion matrix, and writes digits.svg. The data comes with scikit-learn.
"""

from pathlib import Path

import polars as pl
from sklearn.datasets import load_digits
from sklearn.svm import SVC

import instar
from instar import prep
from instar.data import charts


def main() -> None:
    digits = load_digits()
    pictures = pl.DataFrame(
        {
            "number": range(len(digits.target)),
            "ink": pl.Series(digits.data, dtype=pl.Array(pl.Float32, 64)),
            "digit": digits.target,
        }
    )
    dataset = instar.import_data("digits", pictures, roles={"number": "id"})

    flow = instar.Dataflow("post-code")
    seen, unseen = flow.source("digits", dataset).split(seen=0.7, unseen=0.3, by="number", seed=7)
    preparation = seen.fit(prep.Pca("ink", components=30))
    model = seen.train(SVC(gamma=0.001), preparation, target="digit")
    result = flow.run(want={"preparation": preparation, "model": model, "report": model.evaluate(unseen)})

    report = result["report"]
    print("\n".join(result["preparation"].explain().splitlines()[:4]))
    print(f"\n{report}\n\ntrue digit by row, predicted digit by column:")
    print("     " + "".join(f"{digit:>4}" for digit in report.classes))
    for digit, line in zip(report.classes, report.confusion):
        print(f"{digit:>4} " + "".join(f"{count or '.':>4}" for count in line))

    names = [str(digit) for digit in report.classes]
    picture = charts.heat(report.confusion, names, names, title="True digit (row), predicted digit (column)", digits=0)
    Path("digits.svg").write_text(picture.svg)


if __name__ == "__main__":
    main()
