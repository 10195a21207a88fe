// The pods of a Job. Pure.
import type { Job } from '../../api/types/batch-v1.ts'
import type { Container, EnvVar, Pod } from '../../api/types/core-v1.ts'
import { jobs } from '../../client/resources.ts'
import { podFromTemplate } from '../pod-control.ts'
import { completionIndexAnnotation, isIndexed } from './job-indexes.ts'

export const jobTrackingFinalizer = 'batch.kubernetes.io/job-tracking'
const failureCountAnnotation = 'batch.kubernetes.io/job-index-failure-count'
const ignoredCountAnnotation = 'batch.kubernetes.io/job-index-ignored-failure-count'

/** Length of a generated name that the server does not cut. */
const maxPrefixLength = 58

/** Number of earlier failures of the index. */
export interface IndexFailures {
  readonly counted: number
  readonly ignored: number
}

export function indexFailures({ metadata }: Pod): IndexFailures {
  return {
    counted: countOf(metadata.annotations?.[failureCountAnnotation]),
    ignored: countOf(metadata.annotations?.[ignoredCountAnnotation]),
  }
}

/** An int32, or 0. */
function countOf(text = ''): number {
  const count = /^\d{1,10}$/.test(text) ? Number(text) : 0
  return count < 2 ** 31 ? count : 0
}

/** `index` is undefined for jobs that are not Indexed, `failures` for those without backoffLimitPerIndex. */
export function jobPod(job: Job, index: number | undefined, failures: IndexFailures | undefined): Pod {
  const pod = podFromTemplate(job.spec.template, job, jobs)
  const finalizers = [...new Set([...(pod.metadata.finalizers ?? []), jobTrackingFinalizer])]
  const metadata = { ...pod.metadata, finalizers }
  if (index === undefined || !isIndexed(job)) return { ...pod, metadata }
  const name = `${job.metadata.name}-${index}`
  // The server cuts a long name at its end, where the index is.
  const prefix = `${job.metadata.name?.slice(0, maxPrefixLength - `-${index}-`.length)}-${index}-`
  const annotations: Record<string, string> = { ...metadata.annotations, [completionIndexAnnotation]: `${index}` }
  if (failures !== undefined) {
    annotations[failureCountAnnotation] = `${failures.counted}`
    if (failures.ignored > 0) annotations[ignoredCountAnnotation] = `${failures.ignored}`
  }
  return {
    ...pod,
    metadata: {
      ...metadata,
      generateName: prefix,
      annotations,
      labels: { ...metadata.labels, [completionIndexAnnotation]: `${index}` },
    },
    spec: {
      ...pod.spec,
      hostname: name,
      containers: pod.spec.containers.map(withIndex),
      ...(pod.spec.initContainers == null ? {} : { initContainers: pod.spec.initContainers.map(withIndex) }),
    },
  }
}

const indexVariable: EnvVar = {
  name: 'JOB_COMPLETION_INDEX',
  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${completionIndexAnnotation}']` } },
}

function withIndex(container: Container): Container {
  const env = container.env ?? []
  return env.some(({ name }) => name === indexVariable.name) ? container : { ...container, env: [...env, indexVariable] }
}
