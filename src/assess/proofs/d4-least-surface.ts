import { isDeepStrictEqual } from 'node:util'
import { needsRight } from '../../api/pods/token-right.ts'
import type { PodSpec } from '../../api/types/core-v1.ts'
import type { NetworkPolicy } from '../../api/types/networking-v1.ts'
import { parseJson } from '../../base/json.ts'
import { discover, type ServedResource } from '../../client/discovery.ts'
import { networkPolicies, pods } from '../../client/resources.ts'
import { tryGuards } from '../attacks/surface/try-guards.ts'
import { nodeTokenStatus, someNode } from '../node-token.ts'
import { outcomeOf, type Proof, type ProofContext } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { dangerousSpec, harmlessSpec, podObject } from '../proof-pods.ts'
import { request } from '../request.ts'

const verbs = [
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
  'bind',
  'escalate',
  'impersonate',
  'use',
  'approve',
]
/** Everybody may ask about themselves; and a token for oneself at the registry, which ServiceAccounts are refused. */
const aboutOneself = /^(?:selfsubject|registrytokens$)/
/** What discovery does not list, and what is reached through objects. */
const subresources = [
  ...[
    'pods/exec',
    'pods/attach',
    'pods/portforward',
    'pods/proxy',
    'pods/log',
    'pods/ephemeralcontainers',
    'pods/binding',
    'pods/eviction',
  ],
  ...['services/proxy', 'nodes/proxy', 'nodes/metrics', 'nodes/log', 'serviceaccounts/token', 'namespaces/finalize', '*/*'],
]
/** Outside of the API's resources, beyond what every account may read to find the API. */
const paths = ['*', '/', '/metrics', '/metrics/slis', '/logs', '/logs/*', '/debug/pprof/heap', '/configz', '/bulkhead', '/bulkhead/v1/*']

export const leastSurface: Proof = {
  id: 'D4',
  title: 'least attack surface',
  why: 'An intruder in a new workload has at once whatever it can do without a grant',
  attack:
    'In a new namespace, check every verb on every resource as its account, look for a token in its pods, for network paths to and from them, and for ways to the node; try to take what belongs to others: addresses, priorities, room, the place of the API server',
  expected: 'No right, no token, no network path except DNS queries, no way to the node, and each attempt is refused by its rule',
  whenRed: 'Look for bindings of `system:authenticated` and `system:serviceaccounts`, and for what the ClusterDefaults leave out',
  async prove(context, signal) {
    await using namespace = await ProofNamespace.create(context, 'D4', signal)
    await namespace.account('d4', signal)
    const { resources } = await discover(context.client, signal)
    const [rights, network, host] = [
      await grantedRights(context, namespace, resources, signal),
      await openPaths(context, namespace, signal),
      await hostAccess(context, namespace, signal),
    ]
    await tryGuards(context, namespace, signal)
    const node = await someNode(context, signal)
    const object = podObject('d4', harmlessSpec({ serviceAccountName: 'd4', ...(node === undefined ? {} : { nodeName: node }) }))
    const pod = await context.client.create(pods, namespace.name, object, signal)
    const token = node === undefined ? !needsRight(pod) : (await nodeTokenStatus(context, pod, node, signal)) !== 403
    return outcomeOf(
      [...rights.found, ...network, ...host, ...(token ? ['a pod has a token although its account has no grant'] : [])],
      `${rights.asked} access checks of ${verbs.length} verbs on ${resources.length} resources, of subresources and of other paths, none granted; no token; policies that deny both directions; ${hostForms.length} ways to the node refused`,
    )
  },
}

/** Only asks the authorizers; no request is executed. */
async function grantedRights(
  { transport }: ProofContext,
  { name }: ProofNamespace,
  resources: readonly ServedResource[],
  signal: AbortSignal,
): Promise<{ asked: number; found: string[] }> {
  const user = `system:serviceaccount:${name}:d4`
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${name}`, 'system:authenticated']
  const wanted = [{ group: '*', plural: '*', namespaced: true }, ...resources.filter(({ plural }) => !aboutOneself.test(plural))]
  const questions = wanted.flatMap(({ group, plural, namespaced }) =>
    verbs.flatMap(verb => (namespaced ? [name, ''] : ['']).map(namespace => ({ verb, group, resource: plural, namespace }))),
  )
  const ofSubresources = subresources.flatMap(each => {
    const [resource = '', subresource = ''] = each.split('/')
    return verbs.map(verb => ({ verb, group: '', resource, subresource, namespace: name }))
  })
  const ofPaths = paths.flatMap(path => ['get', 'post', 'put', 'delete'].map(verb => ({ verb, path })))
  const found: string[] = []
  const all: readonly Question[] = [...questions, ...ofSubresources, ...ofPaths]
  const queue = all.values()
  const work = async () => {
    for (const question of queue) {
      const asked = 'path' in question ? { nonResourceAttributes: question } : { resourceAttributes: question }
      const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { user, groups, ...asked } }
      const { status, text } = await request(
        transport,
        { method: 'POST', path: '/apis/authorization.k8s.io/v1/subjectaccessreviews', body },
        signal,
      )
      const allowed: unknown = status === 201 ? (parseJson(text) as { status?: { allowed?: unknown } }).status?.allowed : undefined
      if (allowed === false) continue
      found.push(`a new account may ${describe(question)}: answered ${status} ${allowed}`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  const more = found.length - maxShown
  return { asked: all.length, found: more > 0 ? [...found.slice(0, maxShown), `and ${more} more such rights`] : found }
}

type Question =
  | { readonly verb: string; readonly path: string }
  | { readonly verb: string; readonly group: string; readonly resource: string; readonly subresource?: string; readonly namespace: string }

function describe(question: Question): string {
  if ('path' in question) return `${question.verb} ${question.path}`
  const { verb, group, resource, subresource, namespace } = question
  const what = `${resource}${subresource === undefined ? '' : `/${subresource}`}${group === '' ? '' : `.${group}`}`
  return `${verb} ${what} in ${namespace === '' ? 'all namespaces' : 'its namespace'}`
}

const atOnce = 16
const maxShown = 10

/** Proof N1 covers packets; this covers that a new namespace has policies that isolate it. */
async function openPaths({ client }: ProofContext, { name }: ProofNamespace, signal: AbortSignal): Promise<string[]> {
  const { items } = await client.list(networkPolicies, { namespace: name }, signal)
  const forAll = items.filter(({ spec }) => Object.keys(spec.podSelector).length === 0)
  const open = (['Ingress', 'Egress'] as const).filter(type => !forAll.some(({ spec }) => spec.policyTypes?.includes(type)))
  return [
    ...open.map(type => `no NetworkPolicy isolates all pods of a new namespace for ${type}`),
    ...items.flatMap(policy => grantsOf(policy)),
  ]
}

/** The pods that answer DNS queries: no others may be reached. */
const dnsPods = {
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
  podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
}

/** Everything except DNS, which a policy of the ClusterDefaults allows. */
function grantsOf({ metadata, spec }: NetworkPolicy): string[] {
  const egress = (spec.egress ?? []).filter(({ ports = [], to = [] }) => {
    const toDns = to.length === 1 && to.every(peer => isDeepStrictEqual(peer, dnsPods))
    return !toDns || ports.length === 0 || ports.some(({ port, endPort }) => port !== 53 || endPort !== undefined)
  })
  return [...(spec.ingress ?? []), ...egress].map(() => `NetworkPolicy "${metadata.name}" of a new namespace allows more than DNS queries`)
}

const hostForms: readonly (readonly [what: string, spec: PodSpec])[] = [
  ['every namespace and the disk of the node', dangerousSpec()],
  ['the network of the node', harmlessSpec({ hostNetwork: true })],
  ['the processes of the node', harmlessSpec({ hostPID: true })],
  ['the memory of the node', harmlessSpec({ hostIPC: true })],
  ['a folder of the node', harmlessSpec({ volumes: [{ name: 'v', hostPath: { path: '/etc' } }] })],
  ['a port of the node', harmlessSpec({}, { ports: [{ containerPort: 80, hostPort: 80 }] })],
  ['more rights on the node', harmlessSpec({}, { securityContext: { privileged: true } })],
  ['root', harmlessSpec({ securityContext: { runAsUser: 0 } })],
]

async function hostAccess({ transport }: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<string[]> {
  const answers = await Promise.all(
    hostForms.map(([, spec]) => {
      const body = podObject('host', { ...spec, serviceAccountName: 'd4' })
      return request(transport, { method: 'POST', path: `${namespace.core('pods')}?dryRun=All`, body }, signal)
    }),
  )
  return answers.flatMap(({ status }, index) =>
    status === 403 ? [] : [`a pod with ${hostForms[index]?.[0]}: answered ${status}, expected 403`],
  )
}
