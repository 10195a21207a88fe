import { passPolicy, policyAttempts } from '../policy-attempts.ts'
import { outcomeOf, type Proof, type ProofContext } from '../proof.ts'
import { ProofNamespace } from '../proof-namespace.ts'
import { dangerousSpec, harmlessSpec, podObject, workloadForms } from '../proof-pods.ts'
import { applyPatch, jsonPatch, mergePatch, type ProofRequest, request, strategicPatch, succeeded } from '../request.ts'

interface Attempt extends ProofRequest {
  readonly name: string
  /** The request may succeed if it changes nothing, because subresources ignore foreign fields. */
  readonly mayBeIgnored?: true
}

export const admission: Proof = {
  id: 'P1',
  title: 'restrict what is deployed',
  why: 'Admission that covers only create can be bypassed by an update, a patch, a subresource or a template',
  attack:
    'Try to create a privileged pod with every verb, patch type, subresource and workload template, and to bypass an admission policy with every kind of write',
  expected: 'Each attempt is refused or leaves the object unchanged; at the end no such object exists',
  whenRed: 'See which plug-ins were switched off (`bulkhead status`), and delete what was stored',
  async prove(context, signal) {
    await using namespace = await ProofNamespace.create(context, 'P1', signal)
    await namespace.account('prover', signal)
    const harmless = podObject('victim', harmlessSpec({ serviceAccountName: 'prover' }))
    await prepare(context, { method: 'POST', path: namespace.core('pods'), body: harmless }, signal)
    for (const { groupVersion, plural, object } of workloadForms)
      await prepare(
        context,
        { method: 'POST', path: pathOf(namespace, groupVersion, plural), body: object('victim', harmlessSpec()) },
        signal,
      )

    const found: string[] = []
    const attempts = [...podAttempts(namespace), ...templateAttempts(namespace)]
    for (const { name, mayBeIgnored, ...question } of attempts) {
      const answer = await request(context.transport, question, signal)
      if (succeeded(answer) && mayBeIgnored !== true) found.push(`${name} was answered ${answer.status}`)
      if (answer.status >= 500) found.push(`${name} was answered ${answer.status}: ${answer.message}`)
    }
    found.push(...(await unadmitted(context, namespace, signal)))
    found.push(...(await passPolicy(context, namespace, signal)))
    const ways = attempts.length + policyAttempts(namespace).length
    return outcomeOf(found, `${ways} attempts, and afterwards no forbidden object exists`)
  },
}

/** The targets of the attacks must exist, or the attacks would fail for the wrong reason. */
async function prepare({ transport }: ProofContext, question: ProofRequest, signal: AbortSignal): Promise<void> {
  const answer = await request(transport, question, signal)
  if (!succeeded(answer)) throw new Error(`${question.method} ${question.path}: ${answer.status} ${answer.message}`)
}

const pathOf = (namespace: ProofNamespace, groupVersion: string, plural: string): string =>
  groupVersion === 'v1' ? namespace.core(plural) : namespace.group(groupVersion, plural)

function podAttempts(namespace: ProofNamespace): Attempt[] {
  const path = namespace.core('pods')
  const victim = `${path}/victim`
  const bad = podObject('bad', { ...dangerousSpec(), serviceAccountName: 'prover' })
  const badVictim = podObject('victim', { ...dangerousSpec(), serviceAccountName: 'prover' })
  const ephemeral = { name: 'intruder', image: 'example.invalid/intruder', securityContext: { privileged: true } }
  const privileged = { containers: [{ name: 'main', securityContext: { privileged: true } }] }
  const replace = [{ op: 'add', path: '/spec/hostPID', value: true }]
  return [
    { name: 'create', method: 'POST', path, body: bad },
    { name: 'create by dry run', method: 'POST', path: `${path}?dryRun=All`, body: bad },
    { name: 'create with a generated name', method: 'POST', path, body: { ...bad, metadata: { generateName: 'bad-' } } },
    { name: 'create without validation of fields', method: 'POST', path: `${path}?fieldValidation=Ignore`, body: bad },
    { name: 'update of what does not exist', method: 'PUT', path: `${path}/bad`, body: bad },
    { name: 'update', method: 'PUT', path: victim, body: badVictim },
    { name: 'update by dry run', method: 'PUT', path: `${victim}?dryRun=All`, body: badVictim },
    { name: 'JSON patch', method: 'PATCH', path: victim, body: replace, contentType: jsonPatch },
    { name: 'merge patch', method: 'PATCH', path: victim, body: { spec: dangerousSpec() }, contentType: mergePatch },
    { name: 'strategic merge patch', method: 'PATCH', path: victim, body: { spec: privileged }, contentType: strategicPatch },
    {
      name: 'server-side apply of a new pod',
      method: 'PATCH',
      path: `${path}/bad?fieldManager=bulkhead-prove`,
      body: bad,
      contentType: applyPatch,
    },
    {
      name: 'server-side apply by force',
      method: 'PATCH',
      path: `${victim}?fieldManager=bulkhead-prove&force=true`,
      body: badVictim,
      contentType: applyPatch,
    },
    {
      name: 'ephemeral container by patch',
      method: 'PATCH',
      path: `${victim}/ephemeralcontainers`,
      body: { spec: { ephemeralContainers: [ephemeral] } },
      contentType: strategicPatch,
    },
    {
      name: 'ephemeral container by update',
      method: 'PUT',
      path: `${victim}/ephemeralcontainers`,
      body: podObject('victim', harmlessSpec({ serviceAccountName: 'prover', ephemeralContainers: [ephemeral] })),
    },
    {
      name: 'resize by patch',
      method: 'PATCH',
      path: `${victim}/resize`,
      body: { spec: privileged },
      contentType: strategicPatch,
      mayBeIgnored: true,
    },
    { name: 'status by update', method: 'PUT', path: `${victim}/status`, body: badVictim, mayBeIgnored: true },
    {
      name: 'status by patch',
      method: 'PATCH',
      path: `${victim}/status`,
      body: { spec: dangerousSpec() },
      contentType: mergePatch,
      mayBeIgnored: true,
    },
    {
      name: 'binding that carries a spec',
      method: 'POST',
      path: `${victim}/binding?dryRun=All`,
      body: { metadata: { name: 'victim' }, target: { kind: 'Node', name: 'bulkhead-prove-none' }, spec: dangerousSpec() },
      mayBeIgnored: true,
    },
    {
      name: 'eviction that carries a pod',
      method: 'POST',
      path: `${victim}/eviction?dryRun=All`,
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'victim' }, spec: dangerousSpec() },
      mayBeIgnored: true,
    },
    {
      name: 'deletecollection that carries a pod',
      method: 'DELETE',
      path: `${path}?labelSelector=app%3Dnone`,
      // With another kind the body would not be read at all.
      body: { ...bad, apiVersion: 'v1', kind: 'DeleteOptions' },
      mayBeIgnored: true,
    },
  ]
}

function templateAttempts(namespace: ProofNamespace): Attempt[] {
  return workloadForms.flatMap(({ kind, groupVersion, plural, object }): Attempt[] => {
    const path = pathOf(namespace, groupVersion, plural)
    const victim = `${path}/victim`
    const bad = object('victim', dangerousSpec())
    const ways: Attempt[] = [
      { name: `create of a ${kind}`, method: 'POST', path, body: object('bad', dangerousSpec()) },
      { name: `update of a ${kind}`, method: 'PUT', path: victim, body: bad },
      { name: `update of a ${kind} that does not exist`, method: 'PUT', path: `${path}/bad`, body: object('bad', dangerousSpec()) },
      { name: `merge patch of a ${kind}`, method: 'PATCH', path: victim, body: bad, contentType: mergePatch },
      { name: `strategic merge patch of a ${kind}`, method: 'PATCH', path: victim, body: bad, contentType: strategicPatch },
      {
        name: `JSON patch of a ${kind}`,
        method: 'PATCH',
        path: victim,
        body: Object.entries(bad).flatMap(([key, value]) =>
          key === 'spec' || key === 'template' ? [{ op: 'replace', path: `/${key}`, value }] : [],
        ),
        contentType: jsonPatch,
      },
      {
        name: `server-side apply of a ${kind}`,
        method: 'PATCH',
        path: `${path}/bad?fieldManager=bulkhead-prove`,
        body: object('bad', dangerousSpec()),
        contentType: applyPatch,
      },
    ]
    const scalable = ['Deployment', 'ReplicaSet', 'StatefulSet', 'ReplicationController'].includes(kind)
    if (kind !== 'PodTemplate')
      ways.push({ name: `status of a ${kind}`, method: 'PUT', path: `${victim}/status`, body: bad, mayBeIgnored: true })
    if (scalable)
      ways.push({
        name: `scale of a ${kind}`,
        method: 'PATCH',
        path: `${victim}/scale`,
        body: bad,
        contentType: mergePatch,
        mayBeIgnored: true,
      })
    return ways
  })
}

const signs = ['"privileged":true', '"hostPID":true', '"hostNetwork":true', '"hostPath"']

async function unadmitted({ transport }: ProofContext, namespace: ProofNamespace, signal: AbortSignal): Promise<string[]> {
  const lists = [{ kind: 'Pod', groupVersion: 'v1', plural: 'pods' }, ...workloadForms]
  const found: string[] = []
  for (const { kind, groupVersion, plural } of lists) {
    const { text } = await request(transport, { method: 'GET', path: pathOf(namespace, groupVersion, plural) }, signal)
    const seen = signs.filter(sign => text.includes(sign))
    if (seen.length > 0) found.push(`a ${kind} exists with ${seen.join(', ')}`)
  }
  return found
}
