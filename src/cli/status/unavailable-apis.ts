// APIServices whose server does not answer: their resources are unavailable, and deletion of namespaces waits for them.
import type { APIService } from '../../api/types/apiregistration-v1.ts'

/** One sentence for each; none for an APIService that has not been checked yet. */
export function unavailableApis(apiServices: readonly APIService[]): string[] {
  return apiServices.flatMap(({ metadata, status }) => {
    const condition = status?.conditions?.find(({ type }) => type === 'Available')
    if (condition?.status !== 'False') return []
    const { message = '', reason = '' } = condition
    return [`APIService "${metadata.name}" is not available, and deletion of namespaces waits for it: ${message || reason}`]
  })
}
