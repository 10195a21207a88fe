// Reads the secret that a class, or an object that was made from one, names for a driver.
import { secrets } from '../../client/resources.ts'
import type { Context } from '../controller.ts'
import type { SecretReference } from '../volumes/secret-template.ts'

/** An empty map if there is no reference. Rejects with ApiError if the secret is missing. */
export async function readCsiSecret(
  { client }: Pick<Context, 'client'>,
  reference: Partial<SecretReference> | undefined,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const { name = '', namespace = '' } = reference ?? {}
  if (name === '' || namespace === '') return {}
  const { data = {} } = await client.get(secrets, namespace, name, signal)
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]))
}
