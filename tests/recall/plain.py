"""Errors of AC piles by JJG 1148-2022 written out in fractions: what the recall has to come to, computed without our procedures.

γi = (ΔE - E0) / E0 × 100 %, γ the mean of the runs, rounded to 0.2 % for class 2 (ties to even), pass within ±2.0 %.
"""

from fractions import Fraction

LIMIT, STEP = Fraction(2), Fraction(1, 5)


def error(facts, off=Fraction(0)):
    """γ in percent, as a standard that reads `off` percent too much makes it once that is known."""
    runs = facts["data"]["items"]["working_error"]["rows"][0]["runs"]
    found = []
    for run in runs:
        pile = Fraction(run["E_pile_end"]) - Fraction(run["E_pile_start"])
        true = (Fraction(run["E_std_end"]) - Fraction(run["E_std_start"])) / (1 + off / 100)
        found.append((pile - true) / true * 100)
    return sum(found) / len(found)


def passes(gamma):
    # round() of a fraction goes to the even number when it lies in the middle
    return abs(round(gamma / STEP) * STEP) <= LIMIT


def ratio(facts, off):
    return abs(error(facts, off) - error(facts)) / LIMIT
