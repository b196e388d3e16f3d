"""Votes and their score: predict with every member, vote, measure, tell."""
