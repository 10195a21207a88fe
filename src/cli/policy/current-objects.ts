// Fetches the current objects of a cluster, for writes whose object an audit log of level Metadata does not hold.
import { isRecord } from '../../api/schema/compile.ts'
import { ApiError } from '../../api/status.ts'
import type { Client } from '../../client/client.ts'
import { resourcePath } from '../../client/resource-ref.ts'
import type { LoggedEvent } from './audit-log.ts'

type ObjectRef = NonNullable<LoggedEvent['objectRef']>

/** The object after a write; undefined if the object or its kind no longer exists, or this user may not read it. */
export type FindCurrent = (of: ObjectRef) => Promise<Record<string, unknown> | undefined>

export function currentObjects(client: Client, signal: AbortSignal): FindCurrent {
  return async ({ apiGroup = '', apiVersion = '', resource, namespace = '', name = '' }) => {
    if (apiVersion === '' || name === '') return undefined
    const ref = { group: apiGroup, version: apiVersion, plural: resource, namespaced: namespace !== '' }
    try {
      const object = await client.getPath<unknown>(resourcePath(ref, namespace, name), signal)
      return isRecord(object) ? object : undefined
    } catch (err) {
      if (err instanceof ApiError && (err.status.code === 404 || err.status.code === 403)) return undefined
      throw err
    }
  }
}
