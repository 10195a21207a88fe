// The same verdict everywhere: every kind with a pod in its schema, every rule of the standards, every way to write it.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { load } from 'js-yaml'
import type { CheckedPod } from '../../../admission/pod-security/check.ts'
import { evaluate } from '../../../admission/pod-security/evaluate.ts'
import { fillPod } from '../../../admission/pod-security/fill.ts'
import { groupResource, groupVersion } from '../../../api/object.ts'
import { hasPods, locatePod } from '../../../api/pods/located-pod.ts'
import { resources } from '../../../api/resources/index.ts'
import type { ResourceDefinition } from '../../../api/resources/resource.ts'
import { type SchemaType, schemaFor } from '../../../api/schema/model.ts'
import { type Answer, admin, contentTypes, SecuredApi } from '../secured-api.testing.ts'

/** The pods of a kind, as paths from its object: a template, or the kind itself. */
function podPaths(type: SchemaType, path: readonly string[] = [], inside: readonly string[] = []): string[][] {
  if (type.kind === 'list' || type.kind === 'map') return podPaths(type.item, [...path, '*'], inside)
  if (type.kind !== 'struct' || inside.includes(type.key)) return []
  if (type.key === 'core/v1.PodTemplateSpec' || type.key === 'core/v1.Pod') return [[...path]]
  return type.fields.flatMap(field => podPaths(field.type, [...path, field.name], [...inside, type.key]))
}

interface Kind {
  readonly definition: ResourceDefinition
  readonly path: readonly string[]
}
const kinds: readonly Kind[] = resources.flatMap(definition => {
  const schema = schemaFor(definition.group, definition.version, definition.kind)
  if (schema === undefined || definition.virtual === true) return []
  return podPaths(schema).map(path => ({ definition, path }))
})

test('every kind whose schema holds a pod is one that Pod Security looks into, and the other way round', () => {
  const found = kinds.map(({ definition }) => groupResource(definition.group, definition.plural))
  assert.deepEqual(new Set(found), new Set(resources.map(({ group, plural }) => groupResource(group, plural)).filter(hasPods)))
  assert.ok(found.length >= 9)
  assert.ok(kinds.every(({ path }) => !path.includes('*')))
})

type Json = Record<string, unknown>
const labels = { app: 'x' }
const good = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [{ name: 'c', image: 'i:1', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
}

const folder = join(import.meta.dirname, '../../../admission/pod-security/checks')
const violations: readonly { readonly id: string; readonly metadata: Json; readonly spec: Json }[] = globSync('*.fail.yaml', {
  cwd: folder,
}).map(file => {
  const { metadata = {}, spec } = load(readFileSync(join(folder, file), 'utf8')) as { metadata?: Json; spec: Json }
  return { id: file.replace('.fail.yaml', ''), metadata, spec }
})

const placed = (path: readonly string[], value: unknown): Json =>
  path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Json
const merged = (a: Json, b: Json): Json => {
  const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
  const result: Json = { ...a }
  for (const [key, value] of Object.entries(b)) {
    const own = result[key]
    result[key] = isJson(own) && isJson(value) ? merged(own, value) : value
  }
  return result
}

/** An object of the kind with this pod, and with all other required fields. */
function around({ definition, path }: Kind, name: string, pod: { metadata?: Json; spec: Json }): Json {
  const { group, version, kind } = definition
  const template = {
    metadata: { ...pod.metadata, labels },
    spec: { ...pod.spec, ...(kind.endsWith('Job') ? { restartPolicy: 'Never' } : {}) },
  }
  const demanded: Json = {
    ...(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'].includes(kind) ? { spec: { selector: { matchLabels: labels } } } : {}),
    ...(kind === 'ReplicationController' ? { spec: { selector: labels } } : {}),
    ...(kind === 'CronJob' ? { spec: { schedule: '* * * * *' } } : {}),
  }
  const head = { apiVersion: groupVersion(group, version), kind, metadata: { name, ...(path.length === 0 ? pod.metadata : {}) } }
  return merged(merged(head, demanded), path.length === 0 ? { spec: template.spec } : placed(path, template))
}

const collection = ({ definition: { group, version, plural } }: Kind): string =>
  `${group === '' ? '/api' : `/apis/${group}`}/${version}/namespaces/default/${plural}`

const api = await SecuredApi.open()
await api.create('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
after(() => api[Symbol.asyncDispose]())

type Way = readonly [name: string, send: (kind: Kind, name: string, bad: Json) => Promise<Answer>, merges?: true]
/** Ways that create the object, and ways that change a valid one. */
const making: readonly Way[] = [
  ['dry run', (kind, _, bad) => api.request(admin, 'POST', `${collection(kind)}?dryRun=All`, bad)],
  [
    'apply of a new one',
    (kind, name, bad) => api.request(admin, 'PATCH', `${collection(kind)}/${name}?fieldManager=m`, bad, contentTypes.apply),
  ],
]
const spec = (bad: Json) => Object.fromEntries(Object.entries(bad).filter(([key]) => !['apiVersion', 'kind', 'metadata'].includes(key)))
const changing: readonly Way[] = [
  ['update', (kind, name, bad) => api.request(admin, 'PUT', `${collection(kind)}/${name}`, bad)],
  ['merge patch', (kind, name, bad) => api.request(admin, 'PATCH', `${collection(kind)}/${name}`, bad, contentTypes.merge), true],
  [
    'strategic merge patch',
    (kind, name, bad) => api.request(admin, 'PATCH', `${collection(kind)}/${name}`, bad, contentTypes.strategic),
    true,
  ],
  [
    'JSON patch',
    (kind, name, bad) => {
      const operations = [
        ...Object.entries(spec(bad)).map(([key, value]) => ({ op: 'replace', path: `/${key}`, value })),
        { op: 'add', path: '/metadata/annotations', value: (bad['metadata'] as Json)['annotations'] ?? {} },
      ]
      return api.request(admin, 'PATCH', `${collection(kind)}/${name}`, operations, contentTypes.jsonPatch)
    },
  ],
  [
    'forced apply',
    (kind, name, bad) => api.request(admin, 'PATCH', `${collection(kind)}/${name}?fieldManager=m&force=true`, bad, contentTypes.apply),
    true,
  ],
  ['dry run of an update', (kind, name, bad) => api.request(admin, 'PUT', `${collection(kind)}/${name}?dryRun=All`, bad)],
]

/** Paths whose body is the kind's own object: fields that they do not write must not pass. */
const subresources = (kind: Kind): readonly string[] =>
  kind.definition.subresources.filter(one => one.kind === undefined && one.verbs.includes('patch')).map(({ name }) => name)

const isClean = (kind: Kind, object: unknown): boolean => {
  const { group, plural } = kind.definition
  const located = locatePod(groupResource(group, plural), object as Parameters<typeof locatePod>[1])
  return located !== undefined && evaluate(located.pod, { level: 'restricted', minor: 'latest' }).length === 0
}

/** By Pod Security, or by validation, which runs before it. */
const isRefusal = ({ status, json }: Answer): boolean =>
  status === 422 || (status === 403 && /violates PodSecurity "restricted:latest"/.test(json.message))

/** Kinds whose pods cannot change: validation may refuse before admission runs. */
const fixed: ReadonlySet<string> = new Set(['Pod', 'Job'])

/** A rule that the pod violates by omitting a field. */
function isFilledIn({ metadata, spec: badSpec }: { readonly metadata: Json; readonly spec: Json }): boolean {
  const restricted = { level: 'restricted', minor: 'latest' } as const
  const pod = { metadata, spec: { ...good, ...badSpec } } as unknown as CheckedPod
  return evaluate({ ...pod, spec: fillPod(pod, restricted).spec }, restricted).length === 0
}

async function filledIn(kind: Kind, base: string, bad: (name: string) => Json): Promise<void> {
  const isFine = (way: string, { status, text, json }: Answer) =>
    assert.ok((status < 300 && isClean(kind, json)) || (status === 422 && fixed.has(kind.definition.kind)), `${way}: ${text}`)
  for (const [way, send] of making) isFine(way, await send(kind, `${base}-new`, bad(`${base}-new`)))
  await api.create(collection(kind), around(kind, base, { spec: good }))
  for (const [way, send] of changing) isFine(way, await send(kind, base, bad(base)))
  // When sent again, filled-in fields are not a change.
  const before = (await api.request(admin, 'GET', `${collection(kind)}/${base}`)).json
  if (!fixed.has(kind.definition.kind)) isFine('again', await api.request(admin, 'PUT', `${collection(kind)}/${base}`, bad(base)))
  const after = (await api.request(admin, 'GET', `${collection(kind)}/${base}`)).json
  assert.deepEqual({ ...after, metadata: after.metadata.generation }, { ...before, metadata: before.metadata.generation })
}

for (const kind of kinds) {
  const { definition } = kind
  for (const violation of violations) {
    test(`${definition.kind} with ${violation.id} gets the verdict of its creation by every way`, async () => {
      const base = `m-${definition.kind.toLowerCase()}-${violation.id}`
      const bad = (name: string) => around(kind, name, { metadata: violation.metadata, spec: { ...good, ...violation.spec } })
      const name = `${base}-bad`
      if (isFilledIn(violation)) return await filledIn(kind, base, bad)
      const created = await api.request(admin, 'POST', collection(kind), bad(name))
      assert.ok(isRefusal(created), created.text)
      for (const [way, send] of making) {
        const answer = await send(kind, name, bad(name))
        assert.deepEqual([answer.status, answer.json.message], [created.status, created.json.message], way)
      }
      assert.equal((await api.request(admin, 'GET', `${collection(kind)}/${name}`)).status, 404)

      await api.create(collection(kind), around(kind, base, { spec: good }))
      for (const [way, send, merges] of changing) {
        const answer = await send(kind, base, bad(base))
        // A merge by name may leave only parts of the bad value that the good one sets.
        if (merges === true && answer.status < 300) assert.ok(isClean(kind, answer.json), `${way}: ${answer.text}`)
        else if (created.status !== 403 || fixed.has(definition.kind) || merges === true)
          assert.ok(isRefusal(answer), `${way}: ${answer.text}`)
        else assert.deepEqual([answer.status, answer.json.message], [403, created.json.message.replaceAll(name, base)], way)
      }
      for (const subresource of subresources(kind)) {
        for (const type of [contentTypes.merge, contentTypes.strategic]) {
          const answer = await api.request(admin, 'PATCH', `${collection(kind)}/${base}/${subresource}`, bad(base), type)
          if (answer.status < 300) assert.ok(isClean(kind, answer.json), `${subresource}: ${answer.text}`)
        }
      }
      assert.ok(isClean(kind, (await api.request(admin, 'GET', `${collection(kind)}/${base}`)).json))
    })
  }
}

const ephemeral = violations.filter(({ spec: { containers } }) => Array.isArray(containers) && containers.length > 0)
for (const { id, spec: badSpec } of ephemeral) {
  test(`an ephemeral container with ${id} is refused like a container, by every way`, async () => {
    const name = `e-${id}`
    await api.create('/api/v1/namespaces/default/pods', around({ definition: podDefinition(), path: [] }, name, { spec: good }))
    const [{ ports: _, ...container }] = badSpec['containers'] as [Json]
    const own = { ...container, name: 'debug', image: 'i:1' }
    if (isHarmless(own) || isFilledIn({ metadata: {}, spec: { ...good, ephemeralContainers: [], initContainers: [own] } })) return
    const path = `/api/v1/namespaces/default/pods/${name}/ephemeralcontainers`
    const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ephemeralContainers: [own] } }
    for (const type of [contentTypes.merge, contentTypes.strategic]) {
      const answer = await api.request(admin, 'PATCH', path, body, type)
      assert.ok(isRefusal(answer), answer.text)
    }
    const patch = [{ op: 'add', path: '/spec/ephemeralContainers', value: [own] }]
    assert.ok(isRefusal(await api.request(admin, 'PATCH', path, patch, contentTypes.jsonPatch)))
    const pod = (await api.request(admin, 'GET', `/api/v1/namespaces/default/pods/${name}`)).json
    assert.ok(isRefusal(await api.request(admin, 'PUT', path, { ...pod, spec: { ...pod.spec, ephemeralContainers: [own] } })))
  })
}

function podDefinition(): ResourceDefinition {
  const found = resources.find(({ group, kind }) => group === '' && kind === 'Pod')
  assert.ok(found)
  return found
}

/** The forbidden field of the fixture is not in its first container (host ports are not allowed there at all). */
function isHarmless(container: Json): boolean {
  const spec = { ...good, ephemeralContainers: [container] }
  return (
    evaluate({ metadata: {}, spec } as unknown as Parameters<typeof evaluate>[0], { level: 'restricted', minor: 'latest' }).length === 0
  )
}

test('an image volume, which v1.33 does not have switched on, reaches no object by any way', async () => {
  const volume = { volumes: [{ name: 'v', image: { reference: 'i:1' } }] }
  for (const kind of kinds) {
    const base = `i-${kind.definition.kind.toLowerCase()}`
    const bad = (name: string) => around(kind, name, { spec: { ...good, ...volume } })
    const isWithout = (way: string, { status, text }: Answer) =>
      assert.ok(status === 422 || (status < 300 && !text.includes('"reference":"i:1"')), `${base} ${way}: ${text}`)
    for (const [way, send] of making) isWithout(way, await send(kind, `${base}-new`, bad(`${base}-new`)))
    await api.create(collection(kind), around(kind, base, { spec: good }))
    for (const [way, send] of changing) isWithout(way, await send(kind, base, bad(base)))
  }
})
