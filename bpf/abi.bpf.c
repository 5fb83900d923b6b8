/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Never loaded. Has a variable of each type that both sides share, so that clang writes all of them
 * into this object's BTF, from which packages/dataplane/src/abi.ts is generated: an enum that the
 * programs use only by its constants would not be in theirs.
 */
#include "gona_maps.h"

enum gona_limit gona_abi_limit;
enum gona_nic_flag gona_abi_nic_flag;
enum gona_vif_flag gona_abi_vif_flag;
enum gona_spine gona_abi_spine;
enum gona_direction gona_abi_direction;
enum gona_verdict gona_abi_verdict;

struct gona_nic gona_abi_nic;
struct gona_slice gona_abi_slice;
struct gona_aggregate gona_abi_aggregate;
struct gona_vif gona_abi_vif;
struct gona_spine_end gona_abi_spine_end;
struct gona_traffic_rule gona_abi_traffic_rule;
struct gona_traffic_part gona_abi_traffic_part;
struct gona_traffic_rules gona_abi_traffic_rules;
struct gona_station_key gona_abi_station_key;
struct gona_station gona_abi_station;
struct gona_address_key gona_abi_address_key;
struct gona_segment_key gona_abi_segment_key;
struct gona_segment gona_abi_segment;
struct gona_slice_counters gona_abi_slice_counters;
struct gona_slice_clock gona_abi_slice_clock;
struct gona_departure gona_abi_departure;
struct gona_flow gona_abi_flow;
struct gona_flow_set gona_abi_flow_set;
struct gona_path gona_abi_path;
struct gona_bucket_bytes gona_abi_bucket_bytes;
struct gona_drain gona_abi_drain;
struct gona_peer gona_abi_peer;
struct gona_seen gona_abi_seen;
struct gona_steer_key gona_abi_steer_key;
struct gona_neighbour gona_abi_neighbour;
struct gona_vf_key gona_abi_vf_key;
struct gona_vf gona_abi_vf;
struct gona_verdict_counters gona_abi_verdict_counters;
