// APIServices whose server does not answer: what they serve is gone, and namespaces that are deleted wait for it.
import type { APIService } from '../../api/types/apiregistration-v1.ts'

/** One sentence each; none for one that nobody has looked at yet. */
export function unavailableApis(apiServices: readonly APIService[]): string[] {
  return apiServices.flatMap(({ metadata, status }) => {
    const condition = status?.conditions?.find(({ type }) => type === 'Available')
    if (condition?.status !== 'False') return []
    const { message = '', reason = '' } = condition
    return [`APIService "${metadata.name}" is not available, and namespaces that are deleted wait for it: ${message || reason}`]
  })
}
