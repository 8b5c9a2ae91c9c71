"""How models do where they have not been: on every signer in turn, and on another corpus."""
