// Upstream's warnings about kinds that create pods: about their template, and names that cannot become host names of pods.
import type { KubeObject } from '../../object.ts'
import type { PodTemplateSpec } from '../../types/core-v1.ts'
import { dns1123Label } from '../../validation/names.ts'
import { podWarnings } from './pod-warnings.ts'

/** For the template at `path`: always for a new object, for an existing one if its generation shows a changed spec. */
export function templateWarnings(
  object: KubeObject,
  old: KubeObject | undefined,
  template: PodTemplateSpec | undefined,
  path: string,
): string[] {
  if (template?.spec === undefined) return []
  if (old !== undefined && object.metadata.generation === old.metadata.generation) return []
  return podWarnings(template.spec, template.metadata, path)
}

/** For a new object whose name becomes part of its pods' names. */
export function podOwnerNameWarnings({ metadata }: KubeObject, old: KubeObject | undefined): string[] {
  const messages = old === undefined ? dns1123Label(metadata.name ?? '') : []
  if (messages.length === 0) return []
  const advice = 'this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended'
  return [`metadata.name: ${advice}: [${messages.join(' ')}]`]
}
