// Objects that controllers, the scheduler, the signer or a webhook work on.
import { attackedNamespace } from '../../src/access/rights/tenant-attack.testing.ts'
import { type Attack, numbered } from './attack.ts'
import { core, grouped, merge, podSpec, some, text } from './tenant-paths.ts'

export const workloadAttacks: readonly Attack[] = [
  {
    id: 'tokens',
    title: 'TokenRequests',
    request: number => ['POST', `${core}/serviceaccounts/default/token`, text({ spec: { audiences: some(30, at => `a${number}-${at}`) } })],
  },
  {
    id: 'webhook',
    title: 'writes that wait for a webhook that never answers',
    installed: [
      [
        'POST',
        '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
        text({
          metadata: { name: 'hangs' },
          webhooks: [
            {
              ...{
                name: 'hangs.example.com',
                sideEffects: 'None',
                admissionReviewVersions: ['v1'],
                timeoutSeconds: 10,
                failurePolicy: 'Fail',
              },
              // A port on which a listener of the benchmark accepts connections and sends nothing.
              clientConfig: { url: 'https://127.0.0.1:SILENT/' },
              namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': attackedNamespace } },
              rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['secrets'] }],
            },
          ],
        }),
      ],
    ],
    inFlight: 400,
    request: number => ['POST', `${core}/secrets`, text({ metadata: { name: `s${number}` } })],
  },
  {
    id: 'endpoints',
    cycle: 100,
    title: 'Endpoints of 1,000 addresses for 500 Services',
    prepare: () =>
      numbered(500, at => ['POST', `${core}/services`, text({ metadata: { name: `s${at}` }, spec: { ports: [{ port: 80 }] } })]),
    request: number => {
      const name = `s${number % 50}`
      const addresses = some(1000, at => ({ ip: `10.${number % 200}.${at >> 8}.${at & 255}` }))
      const body = text({ metadata: { name }, subsets: [{ addresses, ports: [{ port: 80 }] }] })
      return number < 50 ? ['POST', `${core}/endpoints`, body] : ['PUT', `${core}/endpoints/${name}`, body]
    },
  },
  {
    id: 'events',
    title: 'Events',
    request: number => [
      'POST',
      `${core}/events`,
      text({
        metadata: { name: `e${number}` },
        involvedObject: { namespace: attackedNamespace, name: `p${number}` },
        reason: 'Worst',
        source: { component: `c${number}` },
        message: 'm'.repeat(1000),
      }),
    ],
  },
  {
    id: 'owners',
    cycle: 100,
    title: 'objects that own one another, with thousands of owners',
    request: number => {
      const name = `loop-${number % 1000}`
      const owners = some(2000, at => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name: `loop-${(number + at) % 1000}`,
        uid: `${number}-${at}`,
      }))
      if (number % 10 === 9) return ['DELETE', `${core}/configmaps/${name}?propagationPolicy=Foreground`]
      return ['POST', `${core}/configmaps`, text({ metadata: { name, ownerReferences: owners } })]
    },
  },
  {
    id: 'pods',
    title: 'pods that fit nowhere, made and deleted',
    request: number => {
      const name = `p${(number >> 1) % 2000}`
      if (number % 2 === 1) return ['DELETE', `${core}/pods/${name}?gracePeriodSeconds=0`]
      const terms = some(200, at => ({ topologyKey: `k${at}`, labelSelector: { matchLabels: { app: `a${at}` } } }))
      return [
        'POST',
        `${core}/pods`,
        text({
          metadata: { name, labels: { app: 'a1' } },
          spec: { ...podSpec(), affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } },
        }),
      ]
    },
  },
  {
    id: 'workloads',
    title: 'Deployments of 1,000 pods, scaled up and down',
    request: number => {
      const name = `d${number % 20}`
      const replicas = (number % 3) * 500
      if (number < 20)
        return [
          'POST',
          grouped('apps', 'deployments'),
          text({
            metadata: { name },
            spec: {
              replicas,
              selector: { matchLabels: { app: name } },
              template: { metadata: { labels: { app: name } }, spec: podSpec() },
            },
          }),
        ]
      return ['PATCH', `${grouped('apps', 'deployments')}/${name}`, text({ spec: { replicas } }), merge]
    },
  },
  {
    id: 'network-policies',
    title: 'NetworkPolicies of 5,000 ports and peers',
    request: number => {
      const name = `n${number % 200}`
      const peers = some(2000, at => ({ podSelector: { matchLabels: { [`k${at}`]: `${number}` } }, namespaceSelector: {} }))
      const body = text({
        metadata: { name },
        spec: { podSelector: {}, ingress: [{ from: peers, ports: some(2000, at => ({ port: at + 1 })) }] },
      })
      return number < 200
        ? ['POST', grouped('networking.k8s.io', 'networkpolicies'), body]
        : ['PUT', `${grouped('networking.k8s.io', 'networkpolicies')}/${name}`, body]
    },
  },
  {
    id: 'documents',
    title: 'OpenAPI documents and discovery',
    request: number => ['GET', ['/openapi/v2', '/openapi/v3/apis/apps/v1', '/apis', '/openapi/v3'][number % 4] ?? '/apis'],
  },
  {
    id: 'last-refusal',
    title: 'questions why, beside refusals',
    request: number => (number % 2 === 0 ? ['GET', '/api/v1/nodes'] : ['GET', '/bulkhead/v1/why/last']),
  },
]
