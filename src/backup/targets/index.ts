// Every kind of target, by its field in the file of targets.
import { folderKind } from './folder-target.ts'
import { ociKind } from './oci-target.ts'
import { s3Kind } from './s3-target.ts'
import { sftpKind } from './sftp-target.ts'
import type { TargetKind } from './target-kind.ts'

export const targetKinds: readonly TargetKind[] = [folderKind, ociKind, s3Kind, sftpKind]
