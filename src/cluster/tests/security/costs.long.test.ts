// The cost of any body within the size limit is linear in its length, never quadratic, for every sender.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Answer, admin, contentTypes, person, restrictedPod, SecuredApi } from '../secured-api.testing.ts'

const inDefault = '/api/v1/namespaces/default'
const deployments = '/apis/apps/v1/namespaces/default/deployments'
const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles'

const some = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index))
const owner = (index: number) => ({ apiVersion: 'v1', kind: 'Pod', name: `p${index}`, uid: `u${index}` })
const toleration = (index: number) => ({ key: `k${index}`, operator: 'Exists' })
const labels = { app: 'a' }
const variables = some(16_000, index => ({ name: `E${index}`, value: 'v' }))
const deployment = {
  metadata: { name: 'd' },
  spec: { selector: { matchLabels: labels }, template: { ...restrictedPod('', {}, { env: variables }), metadata: { labels } } },
}

interface Case {
  readonly name: string
  readonly path: string
  readonly body: object
  readonly status: number
  readonly patch?: string
  /** What has to be there. */
  readonly before?: { readonly path: string; readonly object: object }
}

const cases: readonly Case[] = [
  {
    name: '9,000 owners',
    ...{ path: `${inDefault}/configmaps`, body: { metadata: { name: 'x', ownerReferences: some(9000, owner) } }, status: 201 },
  },
  {
    name: '8,000 owners that all are the controller',
    path: `${inDefault}/configmaps`,
    body: { metadata: { name: 'x', ownerReferences: some(8000, index => ({ ...owner(index), controller: true })) } },
    status: 422,
  },
  {
    name: '10,000 containers that break every rule',
    path: `${inDefault}/pods`,
    body: { metadata: { name: 'x' }, spec: { containers: some(10_000, index => ({ name: `c${index}`, image: 'i' })) } },
    status: 403,
  },
  {
    name: '10,000 sysctls that are not safe',
    path: `${inDefault}/pods`,
    body: restrictedPod('x', { securityContext: { sysctls: some(10_000, index => ({ name: `net.p${index}`, value: '1' })) } }),
    status: 403,
  },
  {
    name: '1,500 sources of a projected volume, all below one path',
    path: `${inDefault}/pods`,
    body: restrictedPod('x', {
      volumes: [
        {
          name: 'v',
          projected: { sources: some(1500, index => ({ configMap: { name: 'c', items: [{ key: 'k', path: `p${index}` }] } })) },
        },
      ],
    }),
    status: 201,
  },
  {
    name: 'a path of a million slashes',
    path: `${inDefault}/pods`,
    body: restrictedPod('x', {
      volumes: [{ name: 'v', configMap: { name: 'c', items: [{ key: 'k', path: `a${'/'.repeat(1_000_000)}b` }] } }],
    }),
    status: 201,
  },
  {
    name: 'an amount of a million digits',
    path: `${inDefault}/pods`,
    body: restrictedPod('x', {}, { resources: { limits: { cpu: `${'0'.repeat(1_000_000)}x` } } }),
    status: 400,
  },
  {
    name: '12,000 warnings',
    path: `${inDefault}/pods`,
    body: restrictedPod('x', { hostAliases: some(12_000, () => ({ ip: '10.0.0.1', hostnames: ['a'] })) }),
    status: 201,
  },
  {
    name: '12,000 constraints of topology',
    path: `${inDefault}/pods`,
    body: restrictedPod('x', {
      topologySpreadConstraints: some(12_000, index => ({
        topologyKey: `k${index}`,
        ...{ maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' },
      })),
    }),
    status: 201,
  },
  {
    name: '8,000 tolerations beside 8,000',
    path: `${inDefault}/pods/x`,
    ...{ body: { spec: { tolerations: some(16_000, toleration) } }, patch: contentTypes.merge, status: 200 },
    before: { path: `${inDefault}/pods`, object: restrictedPod('x', { tolerations: some(8000, toleration) }) },
  },
  {
    name: 'a strategic patch that deletes 16,000 items',
    path: `${deployments}/d`,
    body: {
      spec: { template: { spec: { containers: [{ name: 'c', env: variables.map(({ name }) => ({ name, $patch: 'delete' })) }] } } },
    },
    ...{ patch: contentTypes.strategic, status: 200, before: { path: deployments, object: deployment } },
  },
]

/** In processor time, which other processes do not affect: at quadratic cost, the cases take ten seconds or more, or all memory. */
const maxMs = 4000

for (const { name, path, body, status, patch, before } of cases) {
  test(name, async () => {
    await using api = await SecuredApi.open()
    await api.create(`${inDefault}/serviceaccounts`, { metadata: { name: 'default' } })
    if (before) await api.create(before.path, before.object)
    const text = JSON.stringify(body)
    const { answer, ms } = await measured(() => api.request(admin, patch === undefined ? 'POST' : 'PATCH', path, Buffer.from(text), patch))
    assert.equal(answer.status, status, answer.text.slice(0, 300))
    assertLinear(ms)
    assert.ok(answer.text.length < 8 * 1024 * 1024 + 2 * text.length, `${answer.text.length} characters of answer`)
  })
}

const configMap = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n'
const configMaps = `${inDefault}/configmaps`

/** Each nearly as large as a body may be. */
const documents: readonly { readonly name: string; readonly text: string; readonly status: number }[] = [
  { name: 'of 200,000 keys', text: `${configMap}x:\n${some(200_000, index => `  k${index}: ''\n`).join('')}`, status: 400 },
  { name: 'of one key 400,000 times', text: `${configMap}x:\n${'  k: 1\n'.repeat(400_000)}`, status: 201 },
  { name: 'of 200,000 anchors', text: `${configMap}x:\n${some(200_000, index => `- &a${index} x\n`).join('')}`, status: 400 },
  { name: 'of 480,000 pairs in a list', text: `${configMap}x: [${'a: b, '.repeat(480_000)}]`, status: 413 },
  { name: 'of 700,000 documents', text: `${configMap}${'---\n'.repeat(700_000)}`, status: 201 },
  { name: 'of 550,000 lines in quotes', text: `${configMap}x: "${'a\n  '.repeat(550_000)}"`, status: 201 },
  { name: 'that nests without an end', text: `${configMap}x: ${'['.repeat(1_000_000)}`, status: 400 },
  { name: 'of aliases of aliases', text: `${configMap}${aliases()}`, status: 400 },
]

for (const { name, text, status } of documents) {
  test(`CVE-2019-11253 and CVE-2019-11254: YAML ${name} has linear cost`, async () => {
    await using api = await SecuredApi.open()
    const post = () => api.request(admin, 'POST', `${configMaps}?dryRun=All`, Buffer.from(text), 'application/yaml')
    const { answer, ms } = await measured(post)
    assert.equal(answer.status, status, answer.text.slice(0, 300))
    assertLinear(ms)
  })
}

/** Nine levels, each naming the one before nine times. */
function aliases(): string {
  const names = [...'bcdefghi']
  return `a: &a [x,x,x,x,x,x,x,x,x]\n${names.map((name, at) => `${name}: &${name} [${some(9, () => `*${'abcdefgh'[at]}`).join(',')}]\n`).join('')}`
}

test('a role of very many combinations is refused and not multiplied out', async () => {
  await using api = await SecuredApi.open()
  const rbacGroup = 'rbac.authorization.k8s.io'
  const rules = [{ apiGroups: [rbacGroup], resources: ['roles'], verbs: ['create'] }]
  await api.create(roles, { metadata: { name: 'writer' }, rules })
  await api.create(roles.replace('roles', 'rolebindings'), {
    metadata: { name: 'writer' },
    roleRef: { apiGroup: rbacGroup, kind: 'Role', name: 'writer' },
    subjects: [{ apiGroup: rbacGroup, kind: 'User', name: 'ann' }],
  })
  const names = (prefix: string) => some(400, index => `${prefix}${index}`)
  const wide = { metadata: { name: 'wide' }, rules: [{ apiGroups: names('g'), resources: names('r'), verbs: names('v') }] }
  const { answer, ms } = await measured(() => api.request(person('ann'), 'POST', roles, wide))
  assert.equal(answer.status, 403)
  assert.match(answer.json.message, /stand for 64000000 single rights, which are too many to be compared/)
  assertLinear(ms)
})

/** At times the same machine's memory is ten times as slow: then a certainly linear case calibrates the limit. */
function assertLinear(ms: number): void {
  if (ms < maxMs) return
  const before = process.cpuUsage()
  for (let i = 0; i < 3; i++) JSON.parse(JSON.stringify(some(200_000, index => ({ [`k${index}`]: `v${index}` }))))
  const linear = processorMs(before)
  assert.ok(ms < 3 * linear, `${ms} ms, and ${linear} ms for what is linear`)
}

async function measured(act: () => Promise<Answer>): Promise<{ answer: Answer; ms: number }> {
  const before = process.cpuUsage()
  const answer = await act()
  return { answer, ms: processorMs(before) }
}

function processorMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return Math.round((user + system) / 1000)
}
