"""forecaster"""
