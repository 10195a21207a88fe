// Reads the conditions of a Job. Pure.
import type { Job, JobCondition } from '../../api/types/batch-v1.ts'

export function jobCondition({ status }: Job, type: string): JobCondition | undefined {
  return status?.conditions?.find(condition => condition.type === type && condition.status === 'True')
}

/** The condition for the end of the job: Complete or Failed. */
export function finishedCondition(job: Job): JobCondition | undefined {
  return jobCondition(job, 'Complete') ?? jobCondition(job, 'Failed')
}
