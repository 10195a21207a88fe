// Objects that one admission plug-in alone refuses, each with a twin that it admits. All are dry runs.
import type { PodSpec } from '../../../api/types/core-v1.ts'
import type { Refusal } from '../../attempt-log.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { harmlessSpec, podObject, workloadForms } from '../../proof-pods.ts'
import type { ProofRequest } from '../../request.ts'

export interface Guard {
  readonly name: string
  readonly attack: ProofRequest
  readonly refusal: Refusal
  readonly twin: ProofRequest
}

const account = { serviceAccountName: 'd4' }
const ports = [{ port: 80 }]
const serviceName = 'kubernetes.io/service-name'

export function guards(namespace: ProofNamespace): readonly Guard[] {
  const create = (rest: string, body: object): ProofRequest => ({ method: 'POST', path: namespace.core(`${rest}?dryRun=All`), body })
  const pod = (spec: PodSpec) => create('pods', podObject('guard', spec))
  const harmless = (fields: Partial<PodSpec> = {}) => pod(harmlessSpec({ ...account, ...fields }))
  const service = (spec: object) => create('services', { metadata: { name: 'guard' }, spec: { ports, ...spec } })
  const ofPods = { twin: harmless() }
  return [
    {
      name: 'a Service with an external IP',
      attack: service({ externalIPs: ['192.0.2.1'] }),
      refusal: { names: 'Use of external IPs is denied' },
      twin: service({}),
    },
    {
      name: 'a pod with a priority of its own',
      attack: harmless({ priority: 5 }),
      refusal: { names: 'the integer value of priority (5) must not be provided' },
      ...ofPods,
    },
    {
      name: 'a pod with a preemption policy of its own',
      attack: harmless({ preemptionPolicy: 'Never' }),
      refusal: { names: 'the string value of PreemptionPolicy (Never) must not be provided' },
      ...ofPods,
    },
    {
      name: 'a pod of a system priority',
      attack: harmless({ priorityClassName: 'system-node-critical' }),
      refusal: { names: 'pods with system-node-critical priorityClass is not permitted' },
      ...ofPods,
    },
    ...workloadForms.map(({ kind, groupVersion, plural, object }): Guard => {
      const path = `${groupVersion === 'v1' ? namespace.core(plural) : namespace.group(groupVersion, plural)}?dryRun=All`
      const of = (fields: Partial<PodSpec>): ProofRequest => ({ method: 'POST', path, body: object('guard', harmlessSpec(fields)) })
      return {
        name: `a ${kind} of a system priority`,
        attack: of({ priorityClassName: 'system-cluster-critical' }),
        refusal: { names: 'pods with system-cluster-critical priorityClass is not permitted' },
        twin: of({}),
      }
    }),
    {
      name: 'a pod that claims an overhead',
      attack: harmless({ overhead: { cpu: '1m' } }),
      refusal: { names: 'Pod Overhead set without corresponding RuntimeClass' },
      ...ofPods,
    },
    {
      name: 'a pod for Windows, to which fewer rules apply',
      attack: pod({
        ...account,
        schedulerName: 'none',
        os: { name: 'windows' },
        securityContext: { runAsNonRoot: true },
        containers: [{ name: 'main', image: 'example.invalid/windows' }],
      }),
      refusal: { names: 'spec.os.name is for "windows"' },
      twin: harmless({ os: { name: 'linux' } }),
    },
    {
      name: 'a pod of a RuntimeClass that does not exist',
      attack: harmless({ runtimeClassName: 'bulkhead-prove-none' }),
      refusal: { names: 'RuntimeClass "bulkhead-prove-none" not found' },
      ...ofPods,
    },
    ...['default', 'kube-system', 'kube-public'].map(
      (name): Guard => ({
        name: `the deletion of the namespace ${name}`,
        attack: { method: 'DELETE', path: `/api/v1/namespaces/${name}?dryRun=All` },
        refusal: { names: 'this namespace may not be deleted' },
        twin: { method: 'DELETE', path: `/api/v1/namespaces/${namespace.name}?dryRun=All` },
      }),
    ),
    {
      name: 'an object in a namespace that does not exist',
      attack: {
        method: 'POST',
        path: '/api/v1/namespaces/bulkhead-prove-none/configmaps?dryRun=All',
        body: { metadata: { name: 'guard' } },
      },
      refusal: { status: 404, names: 'namespaces "bulkhead-prove-none" not found' },
      twin: create('configmaps', { metadata: { name: 'guard' } }),
    },
    ...endpointGuards(namespace),
    {
      name: 'an extension API server that is not verified',
      attack: apiService({ insecureSkipTLSVerify: true }),
      refusal: { names: 'spec.insecureSkipTLSVerify: any server on the address of its service could act as a part of this API' },
      twin: apiService({}),
    },
  ]
}

const group = 'guard.prove.bulkhead.dev'
const apiService = (more: object): ProofRequest => ({
  method: 'POST',
  path: '/apis/apiregistration.k8s.io/v1/apiservices?dryRun=All',
  body: {
    metadata: { name: `v1.${group}` },
    spec: {
      group,
      version: 'v1',
      groupPriorityMinimum: 1000,
      versionPriority: 10,
      service: { name: 'none', namespace: 'default' },
      ...more,
    },
  },
})

/** Where the API server is. */
function endpointGuards(namespace: ProofNamespace): readonly Guard[] {
  const refusal = { names: 'only the API server itself writes the endpoints' }
  const slice = (path: string, service: string): ProofRequest => ({
    method: 'POST',
    path: `${path}?dryRun=All`,
    body: {
      metadata: { name: 'bulkhead-prove-guard', labels: { [serviceName]: service } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['192.0.2.1'] }],
      ports: [],
    },
  })
  const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
  const twin = slice(namespace.group('discovery.k8s.io/v1', 'endpointslices'), 'kubernetes')
  return [
    { name: 'a slice of endpoints for the API server', attack: slice(slices, 'kubernetes'), refusal, twin },
    {
      name: 'endpoints of the API server',
      attack: { method: 'POST', path: '/api/v1/namespaces/default/endpoints?dryRun=All', body: { metadata: { name: 'kubernetes' } } },
      refusal,
      twin,
    },
  ]
}
