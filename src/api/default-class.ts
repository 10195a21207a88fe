// Which of several classes is the default for objects that name none.
import type { KubeObject } from './object.ts'

/** The annotations that make a StorageClass the default. */
export const defaultStorageClassMarkers = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
]

/** The name of the newest class that one of the annotations marks as the default; for equal times, the first by name. */
export function defaultClassName(classes: readonly KubeObject[], annotations: readonly string[]): string | undefined {
  const marked = classes.filter(({ metadata }) => annotations.some(annotation => metadata.annotations?.[annotation] === 'true'))
  const age = ({ metadata }: KubeObject): number => Date.parse(metadata.creationTimestamp ?? '')
  const [newest] = marked.sort((a, b) => age(b) - age(a) || ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
  return newest?.metadata.name
}
