"""The door through which we call platforms: one package a platform, none knows another."""
