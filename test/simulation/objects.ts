// What the user of the simulated cluster runs in it.
import type { DaemonSet, Deployment, StatefulSet } from '../../src/api/types/apps-v1.ts'
import type { CronJob, Job } from '../../src/api/types/batch-v1.ts'
import type { PodSpec, PodTemplateSpec, ResourceQuota, Service } from '../../src/api/types/core-v1.ts'
import type { PodDisruptionBudget } from '../../src/api/types/policy-v1.ts'

/** In `roomy` everything fits, so that everything must become ready; in `tight` a quota keeps most of it away. */
export const roomy = 'roomy'
export const tight = 'tight'

const podSpec = (more: Partial<PodSpec> = {}): PodSpec => ({
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      ...{ name: 'c', image: 'registry.example/app:1' },
      resources: { requests: { cpu: '200m', memory: '64Mi' }, limits: { cpu: '200m', memory: '64Mi' } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
  terminationGracePeriodSeconds: 5,
  ...more,
})

const template = (app: string): PodTemplateSpec => ({ metadata: { labels: { app } }, spec: podSpec() })

const working = (seconds: number): PodTemplateSpec => {
  const spec = podSpec({ restartPolicy: 'Never' })
  return { metadata: {}, spec: { ...spec, containers: spec.containers.map(each => ({ ...each, command: ['sleep', String(seconds)] })) } }
}

export const deploymentOf = (name: string, replicas: number): Deployment => ({
  metadata: { name },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name) },
})

export const statefulSetOf = (name: string, replicas: number): StatefulSet => ({
  metadata: { name },
  spec: { replicas, serviceName: name, selector: { matchLabels: { app: name } }, template: template(name) },
})

export const daemonSetOf = (name: string): DaemonSet => ({
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, template: template(name) },
})

export const jobOf = (name: string, seconds: number): Job => ({
  metadata: { name },
  spec: { completions: 3, parallelism: 2, backoffLimit: 100, ttlSecondsAfterFinished: 300, template: working(seconds) },
})

export const indexedJobOf = (name: string, seconds: number): Job => {
  const job = jobOf(name, seconds)
  return { ...job, spec: { ...job.spec, template: working(seconds), completionMode: 'Indexed' } }
}

export const cronJobOf = (name: string): CronJob => ({
  metadata: { name },
  spec: { schedule: '*/10 * * * *', concurrencyPolicy: 'Forbid', jobTemplate: { spec: { backoffLimit: 100, template: working(20) } } },
})

export const serviceOf = (name: string): Service => ({ metadata: { name }, spec: { selector: { app: name }, ports: [{ port: 80 }] } })

export const budgetOf = (name: string, limit: PodDisruptionBudget['spec']): PodDisruptionBudget => ({
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, ...limit },
})

export const quotaOf = (name: string, hard: Readonly<Record<string, string>>): ResourceQuota => ({ metadata: { name }, spec: { hard } })
