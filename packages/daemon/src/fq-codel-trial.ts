/** Any good setting: what it asks of the kernel is whether it has the qdisc. */
export const FQ_CODEL_TRIAL = {
  kind: "fq_codel",
  limitPackets: 1024,
  flows: 64,
  targetUs: 5000,
  intervalUs: 100_000,
  quantumBytes: 1514,
  memoryLimitBytes: 1_000_000,
  ecn: true,
} as const;
