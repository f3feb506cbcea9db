{ train_data_path: 'fixtures/toy/train.txt' }
