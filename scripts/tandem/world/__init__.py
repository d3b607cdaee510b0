"""Where may it happen? The isolated place: processes, folder, network, limits, guard."""
