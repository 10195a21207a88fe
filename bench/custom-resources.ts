// Measures custom resources beside ConfigMaps in one API server without a network: the time to install a hundred definitions, what they take of memory,
// and how fast objects are written. Some seconds; one line per figure. `node --expose-gc bench/custom-resources.ts`
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { customResources } from '../src/api/resources/custom-resource.ts'
import type { CustomResourceDefinition, JSONSchemaProps } from '../src/api/types/apiextensions-v1.ts'
import { systemClock } from '../src/base/clock.ts'
import { silentLogger } from '../src/base/log.ts'
import { serveCustom } from '../src/server/custom-resources/serve-custom.ts'
import { serveResources } from '../src/server/resource/served-resource.ts'
import { readAnswer, TestServer, testUser } from '../src/server/testing.ts'
import { createMemoryStore } from '../src/store/memory.ts'
import { testSealer } from '../src/store/records/sealer.testing.ts'
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../src/store/store.ts'

const report = (title: string, value: number, unit: string) =>
  console.log(`${title.padEnd(60)} ${value.toLocaleString('en', { maximumFractionDigits: 2 }).padStart(12)} ${unit}`)

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const text: JSONSchemaProps = {
  type: 'string',
  description: 'A field as generators of definitions describe them, in a sentence or two of prose.',
}

/** Some 30 KB, as definitions of operators often are. */
function ordinarySchema(): JSONSchemaProps {
  const section = (): JSONSchemaProps => ({
    type: 'object',
    properties: Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`field${i}`, text])),
  })
  const properties = Object.fromEntries(Array.from({ length: 24 }, (_, i) => [`section${i}`, section()]))
  const data: JSONSchemaProps = { type: 'object', additionalProperties: { type: 'string' } }
  return { type: 'object', properties: { spec: { type: 'object', properties: { ...properties, data } } } }
}

const definition = (index: number, schema: JSONSchemaProps) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `things${index}.g${index % 10}.example.com` },
  spec: {
    group: `g${index % 10}.example.com`,
    scope: 'Namespaced',
    names: { plural: `things${index}`, kind: `Thing${index}` },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
})

const memory = (): number => {
  for (let i = 0; i < 3; i++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Memory for serving a definition beyond the store's own copy, before and after its first object. */
function serving(count: number, schema: JSONSchemaProps): void {
  const store = createMemoryStore()
  const resources = serveResources([], store)
  const bytes = Array.from({ length: count }, (_, index) => Buffer.from(JSON.stringify(definition(index, schema))))
  const before = memory()
  for (const stored of bytes) {
    const read = () => JSON.parse(stored.toString()) as CustomResourceDefinition
    const { resources: made } = customResources(
      read(),
      'id',
      name => read().spec.versions.find(version => version.name === name)?.schema?.openAPIV3Schema,
    )
    resources.replace(made[0]?.group ?? '', made[0]?.plural ?? '', current => serveCustom(made, store, { since: 0 }, current))
  }
  report('memory that serving a definition takes beyond its bytes', (memory() - before) / 1024 / count, 'KB')
  for (const { definition: one, apiVersion } of resources.all) {
    one.validate?.({ apiVersion, kind: one.kind, metadata: { name: 'a' } })
    one.custom?.decode({ apiVersion, kind: one.kind, metadata: { name: 'a' } }, 'Strict')
  }
  report('  once an object of it was written', (memory() - before) / 1024 / count, 'KB')
}

async function install(api: TestServer, count: number, schema: JSONSchemaProps): Promise<void> {
  const watch = await api.watch(`${crds}?watch=true`)
  const waiting = new Set<string>()
  const sent = Array.from({ length: count }, async (_, index) => {
    const object = definition(index, schema)
    waiting.add(object.metadata.name)
    await api.create(crds, object)
  })
  while (waiting.size > 0) {
    const event = await watch.next()
    const { conditions } = event?.object.status ?? {}
    if (conditions?.some((one: { type: string; status: string }) => one.type === 'Established' && one.status === 'True')) {
      waiting.delete(event?.object.metadata.name)
    }
  }
  await Promise.all(sent)
  watch.close()
}

const data = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`key-${i}`, 'x'.repeat(80)]))
const kinds = {
  configMap: { path: '/api/v1/namespaces/default/configmaps', object: { apiVersion: 'v1', kind: 'ConfigMap', data } },
  thing: {
    path: '/apis/g0.example.com/v1/namespaces/default/things0',
    object: { apiVersion: 'g0.example.com/v1', kind: 'Thing0', spec: { data } },
  },
}

async function writes(api: TestServer, method: 'POST' | 'PUT', kind: keyof typeof kinds, prefix: string, ms: number): Promise<number> {
  const { path, object } = kinds[kind]
  const transport = api.as(testUser)
  const signal = new AbortController().signal
  const end = performance.now() + ms
  const began = performance.now()
  let count = 0
  const worker = async (id: number): Promise<void> => {
    for (let i = 0; performance.now() < end; i++) {
      const name = method === 'POST' ? `${prefix}-${id}-${i}` : `${prefix}-${id}`
      const metadata: Record<string, unknown> = { name, labels: { run: String(i % 7) } }
      if (method === 'PUT') metadata['resourceVersion'] = versions.get(`${kind}/${name}`)
      const response = await transport.request(
        {
          method,
          path: method === 'POST' ? path : `${path}/${name}`,
          headers: { 'content-type': 'application/json' },
          body: Buffer.from(JSON.stringify({ ...object, metadata })),
        },
        signal,
      )
      const { status, text: answer } = await readAnswer(response)
      if (status >= 300) throw new Error(`${method} answered ${status}: ${answer}`)
      versions.set(`${kind}/${name}`, /"resourceVersion":"(\d+)"/.exec(answer)?.[1] ?? '')
      count++
    }
  }
  if (method === 'PUT') await Promise.all(Array.from({ length: inFlight }, (_, id) => first(api, kind, `${prefix}-${id}`)))
  await Promise.all(Array.from({ length: inFlight }, (_, id) => worker(id)))
  return (count * 1000) / (performance.now() - began)
}

const inFlight = 32
const versions = new Map<string, string>()

async function first(api: TestServer, kind: keyof typeof kinds, name: string): Promise<void> {
  if (versions.has(`${kind}/${name}`)) return
  const { path, object } = kinds[kind]
  const made = await api.create(path, { ...object, metadata: { name } })
  versions.set(`${kind}/${name}`, made.metadata.resourceVersion ?? '')
}

/** A large collection before and after a change of its definition, after which every object is read again. */
async function large(count: number): Promise<void> {
  await using api = new TestServer({ store: createMemoryStore(), clock: systemClock })
  const schema = ordinarySchema()
  await install(api, 1, schema)
  const { path, object } = kinds.thing
  for (let i = 0; i < count; i += 1000) {
    const names = Array.from({ length: Math.min(1000, count - i) }, (_, k) => `o${i + k}`)
    await Promise.all(names.map(name => api.create(path, { ...object, metadata: { name } })))
  }
  const list = async (title: string) => {
    let longest = 0
    let last = performance.now()
    const ticking = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 1)
    const began = performance.now()
    const response = await api.as(testUser).request({ method: 'GET', path }, new AbortController().signal)
    for await (const _ of response.body);
    report(title, (performance.now() - began) / 1000, 's')
    report('  longest time that nothing else ran', longest, 'ms')
    clearInterval(ticking)
  }
  await list(`list ${count.toLocaleString('en')} custom resources of 1 KB`)
  const { json } = await api.get(`${crds}/things0.g0.example.com`)
  json.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.more = { type: 'string', default: 'x' }
  await api.request('PUT', `${crds}/things0.g0.example.com`, json)
  await list('  after a change of their definition')
  await list('  again')
}

async function compare(title: string, store: Store, ms: number): Promise<void> {
  versions.clear()
  await using api = new TestServer({ store, clock: systemClock })
  await install(api, 1, ordinarySchema())
  for (const method of ['POST', 'PUT'] as const) {
    const rates = { configMap: 0, thing: 0 }
    for (let round = 0; round < 6; round++) {
      for (const kind of round % 2 === 0 ? (['configMap', 'thing'] as const) : (['thing', 'configMap'] as const)) {
        const rate = await writes(api, method, kind, `${method.toLowerCase()}${method === 'POST' ? round : ''}`, ms)
        if (round > 0) rates[kind] = Math.max(rates[kind], rate)
      }
    }
    const verb = method === 'POST' ? 'create' : 'update'
    report(`${verb} a ConfigMap of 1 KB, ${title}`, rates.configMap, '/s')
    report(`${verb} a custom resource of 1 KB, ${title}`, rates.thing, '/s')
    report(`  as a share of the ConfigMap's rate`, (100 * rates.thing) / rates.configMap, '%')
  }
}

const directory = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'bulkhead-bench-'))
const open = (name: string) =>
  openSqliteStore({ directory: join(directory, name), sealer: testSealer(), clock: systemClock, log: silentLogger })
try {
  {
    await using api = new TestServer({ store: await open('definitions'), clock: systemClock })
    const schema = ordinarySchema()
    serving(100, schema)
    report('an ordinary schema', JSON.stringify(schema).length / 1024, 'KB')
    const began = performance.now()
    await install(api, 100, schema)
    report('install 100 definitions until all are established', (performance.now() - began) / 1000, 's')
    const discovered = performance.now()
    await api.get('/apis', { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' })
    report('discovery after that', performance.now() - discovered, 'ms')
    const described = performance.now()
    await api.get('/openapi/v3/apis/g0.example.com/v1')
    report('OpenAPI v3 of one group with ten of them', performance.now() - described, 'ms')
  }
  await large(50_000)
  await compare('in memory', createMemoryStore(), 1000)
  await compare('durable', await open('writes'), 2000)
} finally {
  await rm(directory, { recursive: true, force: true })
}
