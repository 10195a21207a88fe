// One small valid object of every kind that is stored, for canaries. None starts a pod, provisions anything, or selects other objects.
import { harmlessSpec, workloadForms } from '../../proof-pods.ts'

type Fields = Readonly<Record<string, unknown>>

/** What the object has beside its metadata. */
interface StoredKind {
  readonly name?: string
  /** A function of the namespace, if the object must name it. */
  readonly fields: Fields | ((namespace: string) => Fields)
}

/** By group and resource. */
export type StoredKinds = Readonly<Record<string, StoredKind>>

/** Of the pod; to be created before. */
/** For objects that do not exist. */
const unmetManifests = { resources: ['none.prove.bulkhead.dev'], verify: { anyOf: [{ key: { trustRoot: 'none', name: 'none' } }] } }

export const canaryAccount = 'bulkhead-prove-account'

const nowhere = { 'bulkhead.dev/no-such-label': 'true' }
const template = (kind: string): StoredKind => {
  const form = workloadForms.find(candidate => candidate.kind === kind)
  if (form === undefined) throw new Error(`no form of a ${kind}`)
  return { fields: form.object('x', harmlessSpec()) }
}
const role = { rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }] }
const rbac = 'rbac.authorization.k8s.io'
const nobody = [{ apiGroup: rbac, kind: 'User', name: 'bulkhead-prove-nobody' }]
const webhook = {
  name: 'prove.bulkhead.dev',
  admissionReviewVersions: ['v1'],
  sideEffects: 'None',
  failurePolicy: 'Ignore',
  clientConfig: { service: { name: 'none', namespace: 'none' } },
  rules: [{ apiGroups: ['prove.bulkhead.dev'], apiVersions: ['v1'], resources: ['none'], operations: ['CREATE'] }],
}
const constraints = {
  resourceRules: [{ apiGroups: ['prove.bulkhead.dev'], apiVersions: ['v1'], resources: ['none'], operations: ['CREATE'] }],
}

const run = { time: '2020-01-01T00:00:00Z', build: '0'.repeat(64), configuration: '0'.repeat(64), attempts: 0, milliseconds: 0 }

/** A request for a client certificate, `CN=canary`; its key was thrown away, and nobody approves it. */
const certificateRequest =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIak1JR0tBZ0VBTUNneEZUQVRCZ05WQkFvTURITjVjM1JsYlRwdWIyUmxjekVQTUEwR0ExVUVBd3dHWTJGdQpZWEo1TUZrd0V3WUhLb1pJemowQ0FRWUlLb1pJemowREFRY0RRZ0FFcldwcEZyRTZtK2J3VWNZcXZaS2ZvWEIrCnV3UU1xMWpiQllDdmMzKy8zUGkralpyWlRySXJyZ1RvNmtzeWYxUHpXTVFRckRFcE54TDVHcnBsV1NkY1dxQUEKTUFvR0NDcUdTTTQ5QkFNQ0EwZ0FNRVVDSUdLVXBZZk5DS25IVVRNeVN5S0R4SW0rbStTQk1oMkxGQnE2TmJWWgpVMFArQWlFQTNuc0NqdW0xdHhzQ1ZqcVVVSkdlQlIwZEpmeUNRSjZBdmhLTTNjQnJRNmM9Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo='

export const namespacedKinds: StoredKinds = {
  '/configmaps': { fields: { data: { key: 'value' } } },
  '/endpoints': { fields: { subsets: [] } },
  '/events': {
    fields: namespace => ({ involvedObject: { kind: 'Pod', name: 'none', namespace }, reason: 'Prove', message: 'none', type: 'Normal' }),
  },
  '/limitranges': { fields: { spec: { limits: [{ type: 'PersistentVolumeClaim', min: { storage: '1' } }] } } },
  '/persistentvolumeclaims': {
    fields: {
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: '',
        selector: { matchLabels: nowhere },
        resources: { requests: { storage: '1' } },
      },
    },
  },
  '/pods': { fields: { spec: harmlessSpec({ serviceAccountName: canaryAccount }) } },
  '/podtemplates': template('PodTemplate'),
  '/replicationcontrollers': template('ReplicationController'),
  '/resourcequotas': { fields: { spec: { hard: { 'count/leases.coordination.k8s.io': '1000' } } } },
  '/secrets': { fields: { data: { key: 'dmFsdWU=' } } },
  '/serviceaccounts': { fields: {} },
  '/services': { fields: { spec: { selector: nowhere, ports: [{ port: 80 }] } } },
  'apps/controllerrevisions': { fields: { revision: 1, data: { key: 'value' } } },
  'apps/daemonsets': template('DaemonSet'),
  'apps/deployments': template('Deployment'),
  'apps/replicasets': template('ReplicaSet'),
  'apps/statefulsets': template('StatefulSet'),
  'autoscaling/horizontalpodautoscalers': {
    fields: { spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' }, maxReplicas: 1 } },
  },
  'batch/cronjobs': template('CronJob'),
  'batch/jobs': template('Job'),
  'bulkhead.dev/podsecurityexceptions': {
    fields: {
      spec: {
        templateDigest: `sha256:${'0'.repeat(64)}`,
        checks: ['hostNamespaces'],
        owner: 'bulkhead prove',
        reason: 'proof T2',
        expires: '2020-01-01T00:00:00Z',
      },
    },
  },
  'coordination.k8s.io/leases': { fields: { spec: { holderIdentity: 'nobody' } } },
  'discovery.k8s.io/endpointslices': { fields: { addressType: 'IPv4', endpoints: [], ports: [] } },
  'events.k8s.io/events': {
    fields: namespace => ({
      ...{
        eventTime: '2020-01-01T00:00:00.000000Z',
        reportingController: 'prove.bulkhead.dev/none',
        reportingInstance: 'none',
        action: 'Prove',
      },
      ...{ regarding: { kind: 'Pod', name: 'none', namespace }, reason: 'Prove', note: 'none', type: 'Normal' },
    }),
  },
  'networking.k8s.io/ingresses': {
    fields: { spec: { ingressClassName: 'bulkhead-prove-none', defaultBackend: { service: { name: 'none', port: { number: 80 } } } } },
  },
  'networking.k8s.io/networkpolicies': { fields: { spec: { podSelector: { matchLabels: nowhere }, policyTypes: ['Ingress'] } } },
  'policy/poddisruptionbudgets': { fields: { spec: { minAvailable: 0, selector: { matchLabels: nowhere } } } },
  'rbac.authorization.k8s.io/rolebindings': { fields: { roleRef: { apiGroup: rbac, kind: 'Role', name: 'none' }, subjects: nobody } },
  'rbac.authorization.k8s.io/roles': { fields: role },
  'supply.bulkhead.dev/exceptions': {
    fields: {
      spec: { advisories: ['CVE-0000-0'], images: ['**'], owner: 'bulkhead prove', reason: 'proof T2', expires: '2020-01-01T00:00:00Z' },
    },
  },
  'supply.bulkhead.dev/externalcomponents': { fields: { spec: { host: 'prove.invalid', port: 1, spkiSha256: ['0'.repeat(64)] } } },
  'supply.bulkhead.dev/imagepolicies': { fields: { spec: { images: ['prove.bulkhead.dev/none'] } } },
  'supply.bulkhead.dev/manifestpolicies': { fields: { spec: unmetManifests } },
  'storage.k8s.io/csistoragecapacities': { fields: { storageClassName: 'bulkhead-prove-none' } },
}

/** They belong to the whole cluster, so they are created in a scratch cluster only. */
export const clusterKinds: StoredKinds = {
  '/namespaces': { fields: {} },
  '/nodes': { fields: { spec: { unschedulable: true } } },
  '/persistentvolumes': {
    fields: {
      spec: {
        ...{
          accessModes: ['ReadWriteOnce'],
          capacity: { storage: '1' },
          storageClassName: 'none',
          persistentVolumeReclaimPolicy: 'Retain',
        },
        csi: { driver: 'none.example', volumeHandle: 'none' },
      },
    },
  },
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': { fields: { webhooks: [webhook] } },
  'admissionregistration.k8s.io/validatingadmissionpolicies': {
    fields: { spec: { failurePolicy: 'Ignore', matchConstraints: constraints, validations: [{ expression: 'true' }] } },
  },
  'admissionregistration.k8s.io/validatingadmissionpolicybindings': {
    fields: { spec: { policyName: 'none', validationActions: ['Audit'] } },
  },
  'admissionregistration.k8s.io/validatingwebhookconfigurations': { fields: { webhooks: [webhook] } },
  'apiextensions.k8s.io/customresourcedefinitions': {
    name: 'canaries.prove.bulkhead.dev',
    fields: {
      spec: {
        group: 'prove.bulkhead.dev',
        scope: 'Cluster',
        names: { kind: 'Canary', plural: 'canaries', singular: 'canary', listKind: 'CanaryList' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    },
  },
  'apiregistration.k8s.io/apiservices': {
    name: 'v1.none.bulkhead.dev',
    fields: {
      spec: {
        group: 'none.bulkhead.dev',
        version: 'v1',
        groupPriorityMinimum: 1,
        versionPriority: 1,
        caBundle: 'eA==',
        service: { name: 'none', namespace: 'none' },
      },
    },
  },
  'bulkhead.dev/clusterdefaults': { name: 'cluster', fields: { spec: {} } },
  'bulkhead.dev/denyrules': {
    fields: {
      spec: {
        reason: 'proof T2',
        subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'prove.bulkhead.dev:nobody' }],
        rules: [{ verbs: ['get'], nonResourceURLs: ['/prove.bulkhead.dev/none'] }],
      },
    },
  },
  'bulkhead.dev/localvolumes': { fields: { spec: { nodeName: 'prove.invalid', bytes: 1024, encryption: 'required' } } },
  'bulkhead.dev/backups': { fields: { spec: { target: 'prove-t2' } } },
  'bulkhead.dev/backupschedules': { fields: { spec: { target: 'prove-t2', every: '24h', suspend: true } } },
  'bulkhead.dev/proofresults': {
    name: 'z99',
    fields: { spec: { proof: 'Z99', title: 'none', last: 'Skipped', skipped: { ...run, reason: 'proof T2' } } },
  },
  'certificates.k8s.io/certificatesigningrequests': {
    fields: { spec: { request: certificateRequest, signerName: 'prove.bulkhead.dev/none', usages: ['client auth'] } },
  },
  'flowcontrol.apiserver.k8s.io/flowschemas': { fields: { spec: { priorityLevelConfiguration: { name: 'none' } } } },
  'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations': {
    fields: { spec: { type: 'Limited', limited: { nominalConcurrencyShares: 0, limitResponse: { type: 'Reject' } } } },
  },
  'snapshot.storage.k8s.io/volumesnapshotclasses': { fields: { driver: 'prove.invalid', deletionPolicy: 'Retain' } },
  'snapshot.storage.k8s.io/volumesnapshotcontents': {
    fields: {
      spec: {
        ...{ driver: 'prove.invalid', deletionPolicy: 'Retain', source: { snapshotHandle: 'none' } },
        volumeSnapshotRef: { namespace: 'prove-none', name: 'none' },
      },
    },
  },
  'snapshot.storage.k8s.io/volumesnapshots': { fields: { spec: { source: { volumeSnapshotContentName: 'prove-none' } } } },
  'networking.k8s.io/ingressclasses': { fields: { spec: { controller: 'prove.bulkhead.dev/none' } } },
  'networking.k8s.io/ipaddresses': {
    name: '10.96.255.254',
    fields: { spec: { parentRef: { resource: 'services', namespace: 'default', name: 'kubernetes' } } },
  },
  'networking.k8s.io/servicecidrs': { fields: { spec: { cidrs: ['10.97.0.0/24'] } } },
  'node.k8s.io/runtimeclasses': { fields: { handler: 'none' } },
  'rbac.authorization.k8s.io/clusterrolebindings': {
    fields: { roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'none' }, subjects: nobody },
  },
  'rbac.authorization.k8s.io/clusterroles': { fields: role },
  'scheduling.k8s.io/priorityclasses': { fields: { value: 0 } },
  'storage.k8s.io/csidrivers': { fields: { spec: { attachRequired: false } } },
  'storage.k8s.io/csinodes': { fields: { spec: { drivers: [] } } },
  'storage.k8s.io/storageclasses': { fields: { provisioner: 'prove.bulkhead.dev/none' } },
  'storage.k8s.io/volumeattachments': {
    fields: { spec: { attacher: 'prove.bulkhead.dev', nodeName: 'none', source: { persistentVolumeName: 'none' } } },
  },
  'supply.bulkhead.dev/advisorysources': { fields: { spec: { format: 'osv' } } },
  'supply.bulkhead.dev/registrymirrors': { fields: { spec: { registry: 'prove.invalid', mirrors: [{ endpoint: 'mirror.invalid' }] } } },
  'supply.bulkhead.dev/clusterexceptions': {
    fields: {
      spec: { advisories: ['CVE-0000-0'], images: ['**'], owner: 'bulkhead prove', reason: 'proof T2', expires: '2020-01-01T00:00:00Z' },
    },
  },
  'supply.bulkhead.dev/clusterimagepolicies': { fields: { spec: { images: ['prove.bulkhead.dev/none'] } } },
  'supply.bulkhead.dev/clustermanifestpolicies': { fields: { spec: unmetManifests } },
  'supply.bulkhead.dev/images': { name: `sha256-${'0'.repeat(64)}`, fields: { spec: { digest: `sha256:${'0'.repeat(64)}` } } },
  'supply.bulkhead.dev/trustroots': { fields: { spec: { sigstore: { trustedRoot: {} } } } },
  'prove.bulkhead.dev/canaries': { fields: { spec: { key: 'value' } } },
}
