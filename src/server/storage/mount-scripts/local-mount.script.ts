import { scriptHead, type ScriptTarget } from './shell.js';

/** `local`: nothing to mount; the directory is made, and what lies under it is named. */
export function localMountScript(storage: ScriptTarget): string {
  return `${scriptHead(storage, `Makes the checkpoint directory ${storage.mountPath}.`)}
mkdir -p "$target"
mkdir -p "$target/batchpoint" || fail "cannot write in $target: is it mounted read-only?"
type=$(findmnt -n -o FSTYPE --target "$target")
case $type in
  tmpfs | ramfs) fail "$target is on $type, which loses everything at a reboot; use a disk or a shared file system" ;;
esac
say "$target is ready, on $type. Nothing was mounted: a storage of kind local is shared between hosts only if you share it."
`;
}
