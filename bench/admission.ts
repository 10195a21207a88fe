// Measures admission alone: a pod through every plug-in, with and without 50 policies in CEL. Some seconds; one line per figure.

import { FakeStoreView, noPolicies } from '../src/admission/admission.fixture.ts'
import type { AdmissionRequest } from '../src/admission/admission.ts'
import { createAdmission } from '../src/admission/chain.ts'
import { enabledPlugins } from '../src/admission/enabled-plugins.ts'
import { admissionPlugins } from '../src/admission/plugins/index.ts'
import { QuotaLedger } from '../src/admission/quota/ledger.ts'
import { servedKinds } from '../src/admission/served-kinds.ts'
import type { KubeObject } from '../src/api/object.ts'
import { resources } from '../src/api/resources/index.ts'
import type { StoreReader } from '../src/api/store-view.ts'

const objects: Readonly<Record<string, readonly KubeObject[]>> = {
  namespaces: [{ metadata: { name: 'default', labels: { team: 'a' } } }],
  serviceaccounts: [{ metadata: { name: 'default', namespace: 'default' } }],
}
const reader: StoreReader = {
  get: (resource, _namespace, name) => objects[resource]?.find(({ metadata }) => metadata.name === name),
  list: resource => objects[resource] ?? [],
}

/** As policies of clusters are: most are about containers, some about labels, some look at the user or at parameters. */
const expressions = [
  'object.spec.containers.all(c, has(c.securityContext) && c.securityContext.allowPrivilegeEscalation == false)',
  "object.spec.containers.all(c, c.image.startsWith('registry.example/'))",
  "object.metadata.?labels['app'].orValue('') != ''",
  "!has(object.spec.hostNetwork) || !object.spec.hostNetwork || request.userInfo.username == 'admin'",
  "namespaceObject.metadata.?labels['team'].hasValue()",
]
const kinds = servedKinds(resources)

function admissionWith(policies: number) {
  const names = Array.from({ length: policies }, (_, index) => `policy-${index}`)
  const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['pods'] }
  const source = {
    policies: () =>
      names.map((name, index) => ({
        metadata: { name },
        spec: {
          matchConstraints: { resourceRules: [rule], matchPolicy: 'Equivalent', namespaceSelector: { matchLabels: { team: 'a' } } },
          validations: [{ expression: expressions[index % expressions.length] ?? '' }],
        },
      })),
    bindings: () => names.map(name => ({ metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } })),
    onChange: () => undefined,
  }
  const feed = new FakeStoreView({
    resourcequotas: [
      { metadata: { name: 'q', namespace: 'default' }, spec: { hard: { pods: '1000000000', 'requests.cpu': '1T' } } } as KubeObject,
    ],
    limitranges: [
      {
        metadata: { name: 'l', namespace: 'default' },
        spec: { limits: [{ type: 'Container', default: { cpu: '1', memory: '1Gi' }, max: { cpu: '2' } }] },
      } as KubeObject,
    ],
  })
  return createAdmission(
    admissionPlugins(
      {
        ...noPolicies(reader),
        reader,
        ...{ view: feed, quotaSource: feed, ledger: new QuotaLedger({ source: feed, now: () => Date.now() }), now: () => Date.now() },
        kinds,
        profile: 'secure',
        randomSuffix: () => 'abcde',
        hasRights: () => false,
        maySign: async () => false,
        identityOf: () => ({ commonName: '', organizations: [] }),
        policySources: [source],
      },
      enabledPlugins('secure', {}),
    ),
  )
}

const container = (name: string) => ({
  name,
  image: `registry.example/${name}:1`,
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  resources: { requests: { cpu: '100m', memory: '64Mi' } },
})
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-0', namespace: 'default', labels: { app: 'web' } },
  spec: {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [container('web'), container('sidecar')],
  },
}
const resource = kinds.byKind('v1', 'Pod')
if (resource === undefined) throw new Error('no pods')

function request(): AdmissionRequest {
  return {
    ...{ operation: 'CREATE', subresource: '', namespace: 'default', name: 'web-0', oldObject: undefined, dryRun: false },
    ...{ resource: resource as AdmissionRequest['resource'], object: structuredClone(pod), user: { name: 'u', groups: [] } },
    ...{ warn: () => undefined, annotate: () => undefined },
  } as AdmissionRequest
}

const { signal } = new AbortController()
/** Microseconds of processor time of one pod, without making the request. */
async function measure(policies: number): Promise<number> {
  const admission = admissionWith(policies)
  const rounds = 40
  const each = 250
  let used = 0
  for (let round = 0; round < rounds; round++) {
    const asked = Array.from({ length: each }, request)
    const began = process.cpuUsage()
    for (const one of asked) {
      await admission.mutate(one, signal)
      await admission.validate(one, signal)
      admission.finish(one, false)
    }
    const { user, system } = process.cpuUsage(began)
    // The first rounds compile.
    if (round >= rounds / 2) used += user + system
  }
  return used / (each * (rounds / 2))
}

for (const policies of [0, 1, 50]) {
  const micros = await measure(policies)
  console.log(`${`a pod through every plug-in, ${policies} policies`.padEnd(52)} ${micros.toFixed(1).padStart(8)} µs`)
}
