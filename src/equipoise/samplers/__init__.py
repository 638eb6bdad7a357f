from imblearn.over_sampling import *
from imblearn.under_sampling import *
from equipoise.samplers.standin import *
