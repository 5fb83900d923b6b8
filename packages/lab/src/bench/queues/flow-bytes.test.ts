import { expect, it } from "vitest";
import { gained, parseFlows } from "./flow-bytes.ts";

it("reads what was received of each flow by the sender's port, and not what a listener's side sent", () => {
  const text = `0      0      10.0.255.1:5001  10.0.0.1:40001 cubic rto:204 rcvmss:1448 bytes_received:12345 rcv_ooopack:7 snd_wnd:64512
0      0      10.0.255.1:5001  10.0.0.1:40002 bbr rto:204 bytes_sent:9 bytes_received:67 bbr:(bw:0bps,mrtt:0.019)
0      0      10.0.255.1:40003  10.0.0.1:5001 cubic rto:204 bytes_sent:5
`;
  expect([...parseFlows(text)]).toEqual([
    [40001, 12345],
    [40002, 67],
  ]);
});

it("counts a flow that came later as one that got nothing", () => {
  expect(
    gained(
      new Map([[1, 100]]),
      new Map([
        [1, 350],
        [2, 50],
      ]),
    ),
  ).toEqual([250, 0]);
});
