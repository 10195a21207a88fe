// Every kind of target, by its field in the file of targets.
import { folderKind } from './folder-target.ts'
import type { TargetKind } from './target-kind.ts'

export const targetKinds: readonly TargetKind[] = [folderKind]
