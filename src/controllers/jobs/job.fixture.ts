// Jobs and pods for the tests of the job controller.
import type { Job, JobSpec } from '../../api/types/batch-v1.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { jobPod } from './job-pods.ts'

export const newJob = (spec: Partial<JobSpec> = {}): Job => ({
  metadata: { name: 'j', namespace: 'ns', uid: 'job-uid' },
  spec: {
    parallelism: 1,
    completions: 1,
    backoffLimit: 6,
    completionMode: 'NonIndexed',
    suspend: false,
    podReplacementPolicy: 'TerminatingOrFailed',
    selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'job-uid' } },
    template: {
      metadata: { labels: { 'batch.kubernetes.io/controller-uid': 'job-uid', 'batch.kubernetes.io/job-name': 'j' } },
      spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] },
    },
    ...spec,
  },
})

export function podOf(job: Job, name: string, phase: string, index?: number): Pod {
  const pod = jobPod(job, index, job.spec.backoffLimitPerIndex == null ? undefined : { counted: 0, ignored: 0 })
  return { ...pod, metadata: { ...pod.metadata, name, uid: name }, status: { phase } }
}

/** The pod's container ended with this code at `at` (ms since the epoch). */
export function exited(pod: Pod, exitCode: number, at: number): Pod {
  const finishedAt = new Date(at).toISOString()
  const state = { terminated: { exitCode, finishedAt } }
  const status = { name: 'c', ready: false, restartCount: 0, image: 'i', imageID: '', state }
  return { ...pod, status: { phase: exitCode === 0 ? 'Succeeded' : 'Failed', containerStatuses: [status] } }
}
