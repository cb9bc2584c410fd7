"""Why the answer is what it is, in words for the person who asked.

Each reason says what stands in the way, what is needed, and who can give it. The texts may name
``{tool}`` (its label), ``{group}`` (the Jira group of that tool) and ``{groups}`` (their pattern).
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Wording:
    """The three things that a refusal tells."""

    why: str
    needed: str
    who: str


_AN_ADMIN = "A Jira administrator"
_AN_ADMIN_OF_GETINT = "An administrator of Getint"
_ATLASSIAN = "Nobody needs to act: this clears by itself once Jira answers again"


class Reason(Enum):
    """Every reason there is."""

    GRANTED = Wording("You may do this.", "", "")
    FOREIGN = Wording(
        "There is nothing here under this address.",
        "An address that belongs to your own Jira site.",
        "Whoever gave you the address",
    )
    UNINSTALLED = Wording(
        "Getint is not installed in this Jira site.",
        "Getint has to be installed again; everything is kept for 60 days and comes back then.",
        _AN_ADMIN,
    )
    NOT_CONFIGURED = Wording(
        "Getint has not been set up in this Jira site yet.",
        "A Jira administrator has to finish the set-up: Apps > Getint.",
        _AN_ADMIN,
    )
    SUPPORT_ENDED = Wording(
        "Support has no access to this customer's Getint.",
        "An access approved by the customer, under Settings > Account access.",
        "The customer's Jira administrator",
    )
    STANDING_NOT_CURRENT = Wording(
        "Jira cannot be reached, so we cannot confirm that you may still do this.",
        "An answer from Jira. What you could see before, you can still read.",
        _ATLASSIAN,
    )
    LICENCE_NOT_ACTIVE = Wording(
        "Getint has no active licence in this Jira site, so nothing can be created, changed, "
        "run or shared. Everything stays readable and can be exported.",
        "A subscription or a trial of Getint: Jira settings > Apps > Manage apps.",
        _AN_ADMIN,
    )
    LICENCE_UNKNOWN = Wording(
        "Atlassian has not confirmed the licence for more than a day, so Getint is read-only.",
        "An answer from Jira about the licence.",
        _ATLASSIAN,
    )
    NO_ACCESS = Wording(
        "You are not a Jira administrator and in none of Getint's groups.",
        "Membership of one of the groups {groups}, or the Administer Projects permission in a "
        "project: then open Getint from that project's settings.",
        _AN_ADMIN,
    )
    NO_WORKSPACE = Wording(
        "Your account is not enabled, or has not been given a workspace yet.",
        "An enabled account with access to a workspace: Getint Administration > Users.",
        _AN_ADMIN_OF_GETINT,
    )
    OUTSIDE_THE_SCOPE = Wording(
        "The access token that you use is not good for this.",
        "A token with a wider scope: read to look, write to create, change, run and share, "
        "administer for settings.",
        "You, if you may do this yourself: make another token",
    )
    OUTSIDE_REACH = Wording(
        "This is outside the projects and workspaces that you can see.",
        "Access to its project or workspace.",
        _AN_ADMIN,
    )
    NOT_THEIR_TOOL = Wording(
        "You are not a member of the Jira group for {tool}.",
        "Membership of {group}.",
        _AN_ADMIN,
    )
    NOT_THEIR_PROJECT = Wording(
        "From these project settings you can create only in this project.",
        "The Administer Projects permission in the other project: open Getint from its settings.",
        "A Jira administrator or an administrator of that project",
    )
    NOT_OWNER = Wording(
        "Only its owner and administrators can do this.",
        "To be its owner: the owner or an administrator can hand it over to you.",
        "Its owner or a Jira administrator",
    )
    OWNER_LOST_STANDING = Wording(
        "You own this, but you no longer have the access that came with it: you have left the "
        "Jira group for {tool} or no longer administer its project.",
        "Membership of {group}, or the Administer Projects permission in its project.",
        _AN_ADMIN,
    )
    OWNER_LOST_WORKSPACE = Wording(
        "You own this, but you no longer have access to its workspace.",
        "Access to its workspace: Getint Administration > Users.",
        _AN_ADMIN_OF_GETINT,
    )
    CONNECTION_NOT_OPEN_TO_USE = Wording(
        "The owner of this connection lets others see it, but not use it.",
        "The level Use or Edit on this connection.",
        "Its owner or a Jira administrator",
    )
    CONNECTION_NOT_OPEN_TO_EDIT = Wording(
        "The owner of this connection does not let others change it.",
        "The level Edit on this connection.",
        "Its owner or a Jira administrator",
    )
    LOG_IS_THE_OWNERS = Wording(
        "A run's log holds the data that was moved, so only the owner of the integration and "
        "Jira administrators can read it; support only when the run was shared with it.",
        "To be its owner, or for support: Share with Support on this run.",
        "The integration's owner or a Jira administrator",
    )
    ADMINS_ONLY = Wording(
        "Only administrators can do this.",
        "The Administer Jira permission, or an administrator's account in Getint.",
        _AN_ADMIN,
    )
