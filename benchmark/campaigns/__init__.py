"""Campaigns: many checkpoints imported or made, published, measured, and compared with what their authors claim.

One TOML file beside this one is one campaign; :mod:`benchmark.campaigns.running` carries it out.
"""

from ._campaign import Campaign, CampaignFileError, Entry, Making, campaign_names, find_campaign, parse_campaign

__all__ = [
    "Campaign",
    "CampaignFileError",
    "Entry",
    "Making",
    "campaign_names",
    "find_campaign",
    "parse_campaign",
]
