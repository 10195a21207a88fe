// Opens layouts only where some are given: most evaluations need no code for images.
import type { Registries } from '../../../artifacts/image-verifier.ts'

/** Undefined without paths. Rejects as layoutRegistries() does. */
export async function openLayouts(
  paths: readonly string[],
  resources: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Registries | undefined> {
  if (paths.length === 0) return undefined
  const { layoutRegistries } = await import('./layout-registries.ts')
  return await layoutRegistries(paths, resources, signal)
}
