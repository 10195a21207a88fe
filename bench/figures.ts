// The figures that are measured, each with the reference (Kubernetes v1.33.3 with etcd 3.5.16 on a machine of the same kind) and the goal.

export interface Figure {
  readonly id: string
  readonly title: string
  readonly unit: 's' | 'ms' | 'MB' | '/s' | 'times'
  readonly better: 'higher' | 'lower'
  readonly reference?: number
  readonly target?: number
}

const rate = (id: string, title: string, reference: number, target: number): Figure => ({
  ...{ id, title, unit: '/s', better: 'higher', reference, target },
})
const p99 = (id: string, reference: number | undefined, target: number | undefined): Figure => ({
  ...{ id: `${id}.p99`, title: '  p99', unit: 'ms', better: 'lower' },
  ...(reference === undefined ? {} : { reference }),
  ...(target === undefined ? {} : { target }),
})
const lower = (id: string, title: string, unit: Figure['unit'], reference: number | undefined, target: number | undefined): Figure => ({
  ...{ id, title, unit, better: 'lower' },
  ...(reference === undefined ? {} : { reference }),
  ...(target === undefined ? {} : { target }),
})

/** In the order of the table. */
export const figures: readonly Figure[] = [
  lower('start.cold', 'start to ready, new data directory', 's', 3.4, undefined),
  lower('start.warm', 'start to ready, again', 's', undefined, 0.7),
  lower('memory.server', 'memory after start, API server and store (RSS)', 'MB', 302, 110),
  lower('memory.parts', 'memory after start, all parts together (sum of RSS)', 'MB', undefined, 320),
  lower('memory.parts.pss', '  the same as PSS, shared pages counted once', 'MB', undefined, undefined),
  rate('create', 'create ConfigMap (1 KB), durable', 1084, 3500),
  p99('create', 68, 30),
  rate('create-serial', 'create one after the other, durable', 357, 700),
  p99('create-serial', undefined, undefined),
  rate('get', 'get ConfigMap', 2011, 9000),
  p99('get', 35, 12),
  { id: 'get-protobuf', title: 'get ConfigMap in protobuf', unit: '/s', better: 'higher', target: 9000 },
  p99('get-protobuf', undefined, 12),
  rate('update', 'update', 1235, 4000),
  p99('update', undefined, undefined),
  rate('patch', 'merge patch', 740, 4000),
  p99('patch', undefined, undefined),
  rate('apply', 'server-side apply', 564, 2500),
  p99('apply', undefined, undefined),
  rate('pod', 'create Pod (restricted, 10,000 of them)', 489, 2500),
  p99('pod', 202, 30),
  lower('list', 'list 10,000 pods from cache', 's', 1.23, 0.25),
  lower('list-protobuf', '  in protobuf', 's', undefined, 0.375),
  lower('list-protobuf-first', '  the first in protobuf', 's', undefined, undefined),
  lower('list-consistent', 'list 10,000 pods, consistent', 's', 1.26, 0.25),
  lower('list-paged', 'list 10,000 pods in pages of 500', 's', 3.05, 0.4),
  rate('selector', 'list by label selector (10 of 10,000)', 158, 4000),
  rate('watch', 'watch fan-out, 500 watches x 200 updates, events', 15070, 60000),
  p99('watch', 128, 30),
  lower('probe.p999', 'GET /livez beside lists and watches, p99.9', 'ms', undefined, 20),
  lower('memory.after', 'memory after the run, API server and store (RSS)', 'MB', 1050, 400),
  lower('start.after', 'start to ready with these 10,000 pods and 5,000 ConfigMaps', 's', undefined, undefined),
  lower('memory.restart', '  memory then, API server and store (RSS)', 'MB', undefined, undefined),
  lower('idle-watches.memory', '10,000 idle watches, memory more than before (RSS)', 'MB', undefined, 200),
  lower('idle-watches.p99', '  one event to all of them, p99', 'ms', undefined, 500),
  lower('large-list', 'list of 1,000 objects of 1 MB', 's', undefined, undefined),
  lower('large-list.memory', '  memory while it runs, more than before (RSS)', 'MB', undefined, 64),
  lower('many-objects', '100,000 ConfigMaps: time to create the last 10,000, of the second 10,000', 'times', undefined, undefined),
  lower('many-objects.restart', '  start to ready with them', 's', undefined, 1.5),
  lower('library.import', 'import of the library', 's', undefined, undefined),
  lower('library.start', 'startCluster() after the import', 's', undefined, 0.5),
  lower('library.running', 'first pod Running in it', 's', undefined, undefined),
  lower('check.one', '`bulkhead check` of one manifest, from the start of its process', 's', undefined, 0.25),
  lower('check.thousand', '  of 1,000 manifests', 's', undefined, 1.5),
  lower('node.memory', 'memory after start with a real node and its DNS, all parts (PSS)', 'MB', undefined, 320),
  lower('node.memory.rss', '  the same as a sum of RSS, shared pages counted in each', 'MB', undefined, undefined),
  lower('node.running', 'pod Running in a real container after its creation', 's', undefined, 1),
]
