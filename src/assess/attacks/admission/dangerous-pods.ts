// Each way to bring a privileged pod into a namespace, itself or by the template of a workload.
import type { ProofNamespace } from '../../proof-namespace.ts'
import { dangerousSpec, harmlessSpec, podObject, workloadForms } from '../../proof-pods.ts'
import { applyPatch, jsonPatch, mergePatch, type ProofRequest, strategicPatch } from '../../request.ts'

export interface DangerousWrite extends ProofRequest {
  readonly name: string
  /** The request may succeed if it changes nothing, because subresources ignore foreign fields. */
  readonly mayBeIgnored?: true
}

export const pathOf = (namespace: ProofNamespace, groupVersion: string, plural: string): string =>
  groupVersion === 'v1' ? namespace.core(plural) : namespace.group(groupVersion, plural)

/** The namespace has a harmless pod `victim` and the account `prover`. */
export function dangerousPods(namespace: ProofNamespace): DangerousWrite[] {
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

/** The namespace has a harmless `victim` of each kind. */
export function dangerousTemplates(namespace: ProofNamespace): DangerousWrite[] {
  return workloadForms.flatMap(({ kind, groupVersion, plural, object }): DangerousWrite[] => {
    const path = pathOf(namespace, groupVersion, plural)
    const victim = `${path}/victim`
    const bad = object('victim', dangerousSpec())
    const ways: DangerousWrite[] = [
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
