// Findings of `check` in manifests with the shapes of popular charts. A person reviewed each one: none is false.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { parseJson } from '../../base/json.ts'
import { check } from './check.ts'
import type { Finding } from './finding.ts'

const root = join(import.meta.dirname, '../../../test/manifests')

interface Row {
  readonly rule: string
  readonly severity: Finding['severity']
  /** `Kind/name`, once per finding. */
  readonly objects: readonly string[]
  /** Why the finding is right. */
  readonly evaluation: string
}

const validated: Readonly<Record<string, readonly Row[]>> = {
  database: [
    {
      rule: 'dangling-secret',
      severity: 'note',
      objects: ['StatefulSet/postgres'],
      evaluation: 'a job or a person makes the Secret, and nothing in the set does',
    },
    {
      rule: 'filled-in',
      severity: 'note',
      objects: ['CronJob/postgres-pgdumpall', 'StatefulSet/postgres'],
      evaluation: 'the Pod Security fields that it leaves unset get the restricted value',
    },
    {
      rule: 'image-digest',
      severity: 'note',
      objects: ['CronJob/postgres-pgdumpall', 'StatefulSet/postgres', 'StatefulSet/postgres'],
      evaluation: 'the image has a tag alone',
    },
    {
      rule: 'network-policy',
      severity: 'warning',
      objects: ['CronJob/postgres-pgdumpall'],
      evaluation: 'no NetworkPolicy of the set selects the pod in that direction, so the default policies cut it off',
    },
  ],
  gitops: [
    {
      rule: 'dangling-secret',
      severity: 'note',
      objects: ['Deployment/gitops-redis', 'StatefulSet/gitops-application-controller'],
      evaluation: 'a job or a person makes the Secret, and nothing in the set does',
    },
    {
      rule: 'dangling-service',
      severity: 'warning',
      objects: ['StatefulSet/gitops-application-controller'],
      evaluation: 'the StatefulSet names a Service that the set does not have',
    },
    {
      rule: 'filled-in',
      severity: 'note',
      objects: ['Deployment/gitops-redis'],
      evaluation: 'the Pod Security fields that it leaves unset get the restricted value',
    },
    {
      rule: 'image-digest',
      severity: 'note',
      objects: ['Deployment/gitops-redis', 'Deployment/gitops-redis', 'StatefulSet/gitops-application-controller'],
      evaluation: 'the image has a tag alone',
    },
    {
      rule: 'network-policy',
      severity: 'warning',
      objects: ['Deployment/gitops-redis', 'StatefulSet/gitops-application-controller'],
      evaluation: 'no NetworkPolicy of the set selects the pod in that direction, so the default policies cut it off',
    },
    { rule: 'probes', severity: 'note', objects: ['Deployment/gitops-redis'], evaluation: 'the container has ports and no readinessProbe' },
    {
      rule: 'rbac-wildcard',
      severity: 'warning',
      objects: [
        'ClusterRole/gitops-application-controller',
        'ClusterRole/gitops-application-controller',
        'ClusterRole/gitops-application-controller',
        'ClusterRole/gitops-application-controller',
        'ClusterRole/gitops-application-controller',
      ],
      evaluation: 'the rule has "*"',
    },
    {
      rule: 'resources',
      severity: 'warning',
      objects: ['Deployment/gitops-redis', 'Deployment/gitops-redis', 'StatefulSet/gitops-application-controller'],
      evaluation: 'a request or the memory limit is missing',
    },
    {
      rule: 'secret-env',
      severity: 'note',
      objects: ['Deployment/gitops-redis', 'StatefulSet/gitops-application-controller'],
      evaluation: 'a variable holds a Secret',
    },
  ],
  ingress: [
    {
      rule: 'dangling-secret',
      severity: 'note',
      objects: ['Deployment/ingress-edge-controller'],
      evaluation: 'a job or a person makes the Secret, and nothing in the set does',
    },
    {
      rule: 'filled-in',
      severity: 'note',
      objects: ['Deployment/ingress-edge-controller'],
      evaluation: 'the Pod Security fields that it leaves unset get the restricted value',
    },
    { rule: 'image-digest', severity: 'note', objects: ['Job/ingress-edge-admission-create'], evaluation: 'the image has a tag alone' },
    {
      rule: 'network-policy',
      severity: 'warning',
      objects: ['Deployment/ingress-edge-controller', 'Job/ingress-edge-admission-create'],
      evaluation: 'no NetworkPolicy of the set selects the pod in that direction, so the default policies cut it off',
    },
    {
      rule: 'not-asked',
      severity: 'note',
      objects: ['ValidatingWebhookConfiguration/ingress-edge-admission'],
      evaluation: "the webhook's server does not run when manifests are checked",
    },
    {
      rule: 'rbac-secrets',
      severity: 'warning',
      objects: ['ClusterRole/ingress-edge', 'Role/ingress-edge'],
      evaluation: 'the role reads Secrets that it does not name',
    },
    {
      rule: 'read-only-root',
      severity: 'note',
      objects: ['Deployment/ingress-edge-controller'],
      evaluation: 'readOnlyRootFilesystem is false or unset',
    },
    {
      rule: 'resources',
      severity: 'warning',
      objects: ['Deployment/ingress-edge-controller', 'Job/ingress-edge-admission-create'],
      evaluation: 'a request or the memory limit is missing',
    },
    {
      rule: 'service-exposure',
      severity: 'note',
      objects: ['Service/ingress-edge-controller'],
      evaluation: 'the load balancer has no loadBalancerSourceRanges',
    },
    {
      rule: 'token-automount',
      severity: 'note',
      objects: ['Job/ingress-edge-admission-create'],
      evaluation: 'the account or pod mounts a token, and the account has no binding in the set',
    },
  ],
  monitoring: [
    {
      rule: 'APIServiceBackend',
      severity: 'error',
      objects: ['APIService/v1beta1.metrics.k8s.io'],
      evaluation: 'it skips verification, and the cluster answers these metrics itself',
    },
    {
      rule: 'PodSecurity',
      severity: 'error',
      objects: ['DaemonSet/node-exporter', 'DaemonSet/node-exporter', 'DaemonSet/node-exporter'],
      evaluation: "it shares the node's network and processes, adds SYS_TIME and mounts the node's root",
    },
    {
      rule: 'filled-in',
      severity: 'note',
      objects: ['StatefulSet/prometheus-k8s'],
      evaluation: 'the Pod Security fields that it leaves unset get the restricted value',
    },
    {
      rule: 'image-digest',
      severity: 'note',
      objects: ['DaemonSet/node-exporter', 'Deployment/kube-state-metrics', 'StatefulSet/prometheus-k8s'],
      evaluation: 'the image has a tag alone',
    },
    {
      rule: 'network-policy',
      severity: 'warning',
      objects: ['Deployment/kube-state-metrics', 'StatefulSet/prometheus-k8s'],
      evaluation: 'no NetworkPolicy of the set selects the pod in that direction, so the default policies cut it off',
    },
    {
      rule: 'resources',
      severity: 'warning',
      objects: ['StatefulSet/prometheus-k8s'],
      evaluation: 'a request or the memory limit is missing',
    },
    {
      rule: 'secret-in-manifest',
      severity: 'note',
      objects: ['Secret/alertmanager-main'],
      evaluation: 'the Secret has its value in the manifest',
    },
    {
      rule: 'token-automount',
      severity: 'note',
      objects: ['DaemonSet/node-exporter'],
      evaluation: 'the account or pod mounts a token, and the account has no binding in the set',
    },
  ],
  operator: [
    {
      rule: 'image-digest',
      severity: 'note',
      objects: ['Deployment/pki-operator', 'Deployment/pki-operator-webhook'],
      evaluation: 'the image has a tag alone',
    },
    {
      rule: 'network-policy',
      severity: 'warning',
      objects: ['Deployment/pki-operator', 'Deployment/pki-operator-webhook'],
      evaluation: 'no NetworkPolicy of the set selects the pod in that direction, so the default policies cut it off',
    },
    {
      rule: 'not-asked',
      severity: 'note',
      objects: ['ValidatingWebhookConfiguration/pki-operator-webhook'],
      evaluation: "the webhook's server does not run when manifests are checked",
    },
    { rule: 'probes', severity: 'note', objects: ['Deployment/pki-operator'], evaluation: 'the container has ports and no readinessProbe' },
    {
      rule: 'resources',
      severity: 'warning',
      objects: ['Deployment/pki-operator', 'Deployment/pki-operator-webhook'],
      evaluation: 'a request or the memory limit is missing',
    },
  ],
  shop: [
    {
      rule: 'filled-in',
      severity: 'note',
      objects: [
        'Deployment/adservice',
        'Deployment/cartservice',
        'Deployment/checkoutservice',
        'Deployment/currencyservice',
        'Deployment/emailservice',
        'Deployment/frontend',
        'Deployment/paymentservice',
        'Deployment/productcatalogservice',
        'Deployment/recommendationservice',
        'Deployment/redis-cart',
        'Deployment/shippingservice',
        'Deployment/shoppingassistantservice',
      ],
      evaluation: 'the Pod Security fields that it leaves unset get the restricted value',
    },
    {
      rule: 'image-digest',
      severity: 'note',
      objects: [
        'Deployment/adservice',
        'Deployment/cartservice',
        'Deployment/checkoutservice',
        'Deployment/currencyservice',
        'Deployment/emailservice',
        'Deployment/frontend',
        'Deployment/paymentservice',
        'Deployment/productcatalogservice',
        'Deployment/recommendationservice',
        'Deployment/redis-cart',
        'Deployment/shippingservice',
        'Deployment/shoppingassistantservice',
      ],
      evaluation: 'the image has a tag alone',
    },
    {
      rule: 'network-policy',
      severity: 'warning',
      objects: [
        'Deployment/adservice',
        'Deployment/cartservice',
        'Deployment/checkoutservice',
        'Deployment/currencyservice',
        'Deployment/emailservice',
        'Deployment/frontend',
        'Deployment/paymentservice',
        'Deployment/productcatalogservice',
        'Deployment/recommendationservice',
        'Deployment/redis-cart',
        'Deployment/shippingservice',
        'Deployment/shoppingassistantservice',
      ],
      evaluation: 'no NetworkPolicy of the set selects the pod in that direction, so the default policies cut it off',
    },
    {
      rule: 'service-exposure',
      severity: 'note',
      objects: ['Service/frontend-external'],
      evaluation: 'the load balancer has no loadBalancerSourceRanges',
    },
  ],
}

for (const [set, rows] of Object.entries(validated)) {
  test(`check finds in ${set} exactly what a person reviewed`, async () => {
    const lines: string[] = []
    const context = {
      ...{ stdin: Readable.from([]), color: false, kubeconfig: '/nothing/here', now: Date.parse('2026-12-01T00:00:00Z') },
      print: (line: string) => void lines.push(line),
      write: () => assert.fail('nothing is fixed'),
    }
    const flags = { output: 'json', namespace: 'app' } as const
    await check(flags, [join(root, set)], context, new AbortController().signal)
    const { findings } = parseJson(lines.join('\n')) as { findings: Finding[] }
    const found = Map.groupBy(findings, ({ rule, severity }) => `${severity} ${rule}`)
    const expected = rows.map(({ rule, severity, objects }) => [`${severity} ${rule}`, objects] as const)
    const named = [...found].map(
      ([rule, those]) => [rule, those.map(({ object }) => `${object?.kind}/${object?.name}`).toSorted()] as const,
    )
    assert.deepEqual(Object.fromEntries(named), Object.fromEntries(expected))
    for (const { evaluation } of rows) assert.match(evaluation, /^\w.{15,}/)
  })
}
