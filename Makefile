# Every target sets up what it needs first: see tools/setup.sh.

.DELETE_ON_ERROR:
.PHONY: help setup check test demo lab lab-down bench faults simulate

export PATH := $(CURDIR)/.toolchain/bin:$(CURDIR)/node_modules/.bin:$(PATH)

help:
	@echo "make demo      the main job, seen: an address is given, found by ARP, and survives its node (KEEP=1 leaves it running)"
	@echo "make test      everything that must pass"
	@echo "make check     format, lint and types"
	@echo "make lab       a cluster in network namespaces, with Herald (HERALD=off: without); make lab-down removes it"
	@echo "make bench     allocation, memory, time to the first answer and floods, measured (three quarters of an hour)"
	@echo "make faults    nodes, networks and speakers fail, and what clients see of it is measured (an hour; LONG=1: hours; MATRIX=1: a node dies in clusters of all kinds)"
	@echo "make simulate  membership and election on virtual networks: SEEDS=10000 seeds, or SEED=7 alone with all that happened"
	@echo "make setup     what the other targets call first"

setup:
	@tools/setup.sh

check: setup
	@biome check . && oxlint && tsc && knip

test: check
	@vitest run

demo: setup
	@node test/demo/main.ts

lab: setup
	@node test/lab/main.ts up

lab-down: setup
	@node test/lab/main.ts down

bench: setup
	@node test/bench/main.ts

faults: setup
	@node test/faults/main.ts $(if $(MATRIX),--matrix) $(FAULTS)

# $(call option,NAME): --name and its value, if make was given NAME
option = $(if $($(1)),--$(shell echo $(1) | tr A-Z a-z) "$($(1))")

simulate: setup
	@node test/simulation/main.ts $(foreach name,SEEDS FROM SEED GROUP NODES PROFILE SCENARIO,$(call option,$(name))) \
		$(if $(TABLE),--table) $(if $(MUTATIONS),--mutations)
