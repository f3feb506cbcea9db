"""Small biLMs and transformers with random weights, and a stock tagger that uses one."""

from tiny_transformers import bert as bert
from tiny_transformers import roberta as roberta

from stock_tagger import bilm_files as bilm_files
from stock_tagger import cached_training as cached_training
from stock_tagger import character_ids as character_ids
from stock_tagger import config as config
from stock_tagger import losses as losses
from stock_tagger import new_bilm_files as new_bilm_files
from stock_tagger import other_bilm_files as other_bilm_files
