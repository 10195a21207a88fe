// The kinds of this group, in the order of discovery.
import type { ResourceDefinition } from '../resource.ts'
import { cronJob } from './cron-job.ts'
import { job } from './job.ts'

export const batchResources: readonly ResourceDefinition[] = [cronJob, job]
