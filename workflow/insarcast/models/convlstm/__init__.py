"""The ConvLSTM: layers, tiles, training and forecast."""
