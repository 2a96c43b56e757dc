"""Will it rain in Seattle tomorrow? Four years of daily weather as a series: lags, words, and the swing of a year.

    python examples/rainfall.py

It prints what it finds, and writes rainfall.svg. Needs the package vega-datasets, which holds the data.
"""

from pathlib import Path

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from vega_datasets import data

import instar
from instar import prep, steps
from instar.data import charts


def main() -> None:
    days = pl.DataFrame(data.seattle_weather().to_dict("list"))
    seattle = instar.import_data("seattle", days, units={"precipitation": "mm", "wind": "m/s"})

    flow = instar.Dataflow("rainfall")
    weather = flow.source("seattle", seattle).with_columns(
        month=pl.col("date").dt.strftime("%Y-%m"),
        year=pl.col("date").dt.year(),
        wet=(pl.col("precipitation") > 0).cast(pl.Int8),
    )

    # A model: what the last days were like says whether the next one is wet.
    known = weather.through(steps.Lags(("wet", "temp_max"), lags=(1, 2), leads=1, time="date"))
    known = known.through(steps.Window("precipitation", rows=7, time="date")).filter(pl.col("wet_lead_1").is_not_null())
    seen, unseen = known.split(seen=0.7, unseen=0.3, by="month", seed=7)
    numbers = ("precipitation", "precipitation_mean_7", "temp_min", "temp_max", "temp_max_lag_1", "wind")
    preparation = seen.fit(
        prep.Impute(*numbers, "wet_lag_1", "wet_lag_2"),
        prep.Standardize(*numbers),
        prep.OneHot("weather"),
        prep.Column("wet", "wet_lag_1", "wet_lag_2"),
    )
    model = seen.train(LogisticRegression(), preparation, target="wet_lead_1")

    # Words: each month as seven letters, from its driest days (a) to its wettest (d).
    months = weather.group_by("month", pl.col("precipitation").sort_by("date").alias("rain")).sort("month")
    words = months.apply(months.fit(prep.Sax("rain", segments=7, letters=4, cuts="equal_depth")))

    # Waves: the strongest swings in a year of rain, day by day.
    years = weather.group_by("year", pl.col("precipitation").sort_by("date").head(365).alias("rain")).sort("year")
    swings = years.fit(prep.Dft("rain", give="parts", keep=2))

    wanted = {"model": model, "report": model.evaluate(unseen), "words": words, "swings": swings, "years": years}
    result = flow.run(want=wanted)

    print("Rain tomorrow, in months that the model has not seen:")
    print(result["report"])
    print("\nMonths as words, from dry (a) to wet (d) days:")
    for first in range(0, 48, 12):
        line = result["words"][first : first + 12]
        print(f"  {line['month'][0][:4]}  {' '.join(line['rain'])}")
    print("\n" + result["swings"].explain())

    # Mean and yearly swing of the four years: x[t] = mean + a cos(2 pi t / 365) - b sin(2 pi t / 365)
    mean, _, a, b = result["swings"].apply(result["years"]).frame["rain"].to_numpy().mean(axis=0)
    print(f"a mean of {mean:.1f} mm a day, and a swing of {np.hypot(a, b):.1f} mm once a year")
    turn = 2 * np.pi * np.arange(365) / 365
    wave = (mean + a * np.cos(turn) - b * np.sin(turn)).tolist()
    rain = result["years"]["rain"].list.to_array(365).to_numpy().mean(axis=0)
    smooth = pl.Series(rain).rolling_mean(30, center=True).to_list()
    picture = charts.lines(
        {"mean of 30 days": smooth, "swing of the year": wave}, title="Rain in Seattle", x="day", y="mm"
    )
    Path("rainfall.svg").write_text(picture.svg)


if __name__ == "__main__":
    main()
