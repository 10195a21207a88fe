// Whether each admission plug-in refuses what it alone refuses, and adds what it alone adds.
import { defaultsAnnotation } from '../../../api/resources/bulkhead/cluster-defaults.ts'
import { parseJson } from '../../../base/json.ts'
import { configMaps, namespaces } from '../../../client/resources.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, workloadForms } from '../../proof-pods.ts'
import { mergePatch, type ProofRequest, request } from '../../request.ts'
import { guards } from './guards.ts'

/** The namespace has an account `d4`. */
export async function tryGuards(context: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const { attempts, transport } = context
  await inParallel(guards(namespace), async ({ name, attack, refusal, twin }) => {
    await attempts.accepted(`the twin of ${name}`, transport, twin, signal)
    await attempts.refused(name, transport, attack, refusal, signal)
  })
  await tryAdded(context, namespace, signal)
  await tryChangedTemplate(context, namespace, signal)
  await tryForgedDefaults(context, signal)
  await tryEndingNamespace(context, signal)
}

/** A stored workload that takes a system priority later. */
async function tryChangedTemplate({ attempts, transport }: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const path = namespace.group('apps/v1', 'deployments')
  const form = workloadForms.find(({ kind }) => kind === 'Deployment')
  if (form === undefined) throw new Error('there is no form of a Deployment')
  await attempts.accepted('a Deployment', transport, { method: 'POST', path, body: form.object('changed', harmlessSpec()) }, signal)
  const change = (spec: object): ProofRequest => ({
    ...{ method: 'PATCH', path: `${path}/changed?dryRun=All`, contentType: mergePatch },
    body: { spec: { template: { spec } } },
  })
  await attempts.accepted('another host name in a Deployment', transport, change({ hostname: 'other' }), signal)
  const names = 'pods with system-cluster-critical priorityClass is not permitted'
  const priority = change({ priorityClassName: 'system-cluster-critical' })
  await attempts.refused('a system priority in a stored Deployment', transport, priority, { names }, signal)
}

/** A new namespace that says that it has its defaults gets them all the same. */
async function tryForgedDefaults({ attempts, transport }: ProofContext, signal: AbortSignal): Promise<void> {
  const create = (annotations: Readonly<Record<string, string>>): ProofRequest => ({
    ...{ method: 'POST', path: '/api/v1/namespaces?dryRun=All' },
    body: { metadata: { name: 'bulkhead-prove-defaults', annotations } },
  })
  const stateOf = ({ text }: { readonly text: string }): string | undefined =>
    (parseJson(text) as { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } }).metadata?.annotations?.[
      defaultsAnnotation
    ]
  const plain = stateOf(await attempts.accepted('a namespace', transport, create({}), signal))
  const question = create({ [defaultsAnnotation]: 'applied' })
  const forged = stateOf(await attempts.accepted('a namespace that says that it has its defaults', transport, question, signal))
  attempts.record({
    ...{ name: 'the defaults of a namespace that says that it has them', sent: `POST ${question.path}` },
    ...{ expected: plain ?? 'none', answered: forged ?? 'none', held: forged === plain },
  })
}

/** What is added to an object or its answer instead of a refusal. */
async function tryAdded({ attempts, transport }: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<void> {
  const claim: ProofRequest = {
    method: 'POST',
    path: namespace.core('persistentvolumeclaims?dryRun=All'),
    body: { metadata: { name: 'guard' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } } },
  }
  const made = await attempts.accepted('a claim of a volume', transport, claim, signal)
  const { metadata } = parseJson(made.text) as { readonly metadata?: { readonly finalizers?: readonly string[] } }
  const finalizers = metadata?.finalizers ?? []
  const held = finalizers.includes('kubernetes.io/pvc-protection')
  const sent = `POST ${claim.path}`
  const answered = `finalizers [${finalizers.join(', ')}]`
  attempts.record({ name: 'the protection of a claim in use', sent, expected: 'finalizer kubernetes.io/pvc-protection', answered, held })

  const path = namespace.group('networking.k8s.io/v1', 'ingresses?dryRun=All')
  const backend = { service: { name: 'none', port: { number: 80 } } }
  const ingress: ProofRequest = { method: 'POST', path, body: { metadata: { name: 'guard' }, spec: { defaultBackend: backend } } }
  const { headers } = await attempts.accepted('an Ingress', transport, ingress, signal)
  const warning = headers['warning'] ?? ''
  attempts.record({
    ...{ name: 'the warning about an Ingress', sent: `POST ${path}`, expected: 'a warning that it has no effect' },
    ...{ answered: warning === '' ? 'no warning' : warning, held: warning.includes('without effect') },
  })
}

/** Nothing is created in a namespace that is being deleted: it would outlive the namespace. */
async function tryEndingNamespace(context: ProofContext, signal: AbortSignal): Promise<void> {
  const { attempts, client, transport } = context
  await using namespace = await ProofNamespace.create(context, 'D4', signal)
  const held = { metadata: { name: 'held', finalizers: ['bulkhead.dev/prove'] } }
  await client.create(configMaps, namespace.name, held, signal)
  try {
    await client.delete(namespaces, '', namespace.name, {}, signal)
    const path = namespace.core('configmaps?dryRun=All')
    const late: ProofRequest = { method: 'POST', path, body: { metadata: { name: 'late' } } }
    await attempts.refused('an object in a namespace that is being deleted', transport, late, { names: 'it is being terminated' }, signal)
  } finally {
    const question: ProofRequest = {
      method: 'PATCH',
      path: namespace.core('configmaps/held'),
      body: { metadata: { finalizers: null } },
      contentType: mergePatch,
    }
    await request(transport, question, AbortSignal.timeout(cleanUpMs))
  }
}

const cleanUpMs = 30_000
