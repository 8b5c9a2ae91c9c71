"""The signer probe: how much signer information a model's features contain.

A linear classifier is trained to predict the signer from the features of clips that the model was never trained on.
Probing with linear classifiers: Alain and Bengio, 2016. docs/fairness.md discusses its interpretation.
"""

import numpy as np
import pandas as pd

FOLDS = 5
"""Folds over the glosses; each is held out once."""


def signer_probe(features: np.ndarray, signers: pd.Series, glosses: pd.Series) -> dict[str, float]:
    """Accuracy of a linear signer classifier on clips of held-out glosses.

    Each gloss's mean is subtracted from the features first: in a trained model the glosses are so far apart that a
    linear classifier would find nothing else, and wrongly report no leakage. The residuals are standardised and
    classified by logistic regression with balanced signer weights. Whole glosses are held out, so that the classifier
    can't rely on how each signer signs one gloss; the score is balanced accuracy, the mean over the signers of the
    share of their held-out clips that are recognised.

    Parameters
    ----------
    features : array (clips, D)
    signers : Series (clips,)
        Signer labels; clips with a missing value are left out.
    glosses : Series (clips,)

    Returns
    -------
    dict
        `signer_probe` (0 to 1), and `signer_probe_chance`, its chance level, one over the number of signers. Empty with
        fewer than two signers, or fewer than two glosses to hold out. Deterministic for the same clips in the same
        order.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known = signers.notna().to_numpy()
    names, groups = signers[known].to_numpy(), glosses[known].to_numpy()
    table = pd.DataFrame(features[known].astype(np.float64))
    features = (table - table.groupby(groups).transform("mean")).to_numpy()
    n_signers, n_glosses = len(np.unique(names)), len(np.unique(groups))
    if n_signers < 2 or n_glosses < 2:
        return {}
    said = np.empty_like(names)
    for seen, held_out in GroupKFold(min(FOLDS, n_glosses)).split(features, names, groups):
        if len(np.unique(names[seen])) == 1:  # no other signer has these glosses
            said[held_out] = names[seen][0]
            continue
        probe = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000))
        said[held_out] = probe.fit(features[seen], names[seen]).predict(features[held_out])
    return {"signer_probe": float(balanced_accuracy_score(names, said)), "signer_probe_chance": 1 / n_signers}


def signer_labels(clips: pd.DataFrame, pseudo_signers: pd.DataFrame) -> pd.Series:
    """(clips,) signer labels: the true signers if any are known, else the pseudo-signers; None if unknown.

    Parameters
    ----------
    clips : DataFrame
        `clip_id` and `signer`.
    pseudo_signers : DataFrame
        From `slr.dataset.signers.read_signers`.
    """
    if clips.signer.notna().any():
        return clips.signer
    number = clips.clip_id.map(pseudo_signers.set_index("clip_id").pseudo_signer)
    return number.map(lambda n: f"pseudo-signer {n:.0f}", na_action="ignore").astype(object)
