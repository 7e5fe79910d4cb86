import { expect, test } from "vitest";
import { parseApiWrites, writesSince } from "./api-writes.ts";

const METRICS = `# HELP apiserver_request_total [STABLE] Counter of apiserver requests.
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="services",scope="resource",subresource="status",verb="PATCH",version="v1"} 998
apiserver_request_total{code="409",component="apiserver",dry_run="",group="",resource="services",scope="resource",subresource="status",verb="PATCH",version="v1"} 2
apiserver_request_total{code="201",component="apiserver",dry_run="",group="",resource="events",scope="resource",subresource="",verb="POST",version="v1"} 1000
apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="services",scope="cluster",subresource="",verb="LIST",version="v1"} 3
apiserver_request_sli_duration_seconds_count{component="apiserver",group="",resource="events",scope="resource",subresource="",verb="POST",version="v1"} 7
`;

test("counts writes by verb and resource, whatever came of them", () => {
  expect(parseApiWrites(METRICS)).toEqual({ "PATCH services/status": 1000, "POST events": 1000 });
});

test("tells those that came later", () => {
  const before = { "POST events": 3, "PUT leases": 2 };
  expect(
    writesSince(before, { "POST events": 5, "PUT leases": 2, "PATCH services/status": 4 }),
  ).toEqual({ "POST events": 2, "PATCH services/status": 4 });
});
