import type { EbsSettings } from '../dto/ebs-settings.dto.js';
import { ADD_FSTAB_LINE, REFUSE_FILES_UNDERNEATH, scriptHead, type ScriptTarget, shellQuote } from './shell.js';

/**
 * Mounts an attached volume. A device that `blkid` finds anything on, a partition table included, is never formatted; one whose
 * type is another than asked for is mounted as it is.
 */
export function ebsMountScript(storage: ScriptTarget, settings: EbsSettings): string {
  const { deviceName, fileSystem } = settings;
  const mkfs = fileSystem === 'ext4' ? 'mkfs.ext4 -q' : 'mkfs.xfs -q';
  return `${scriptHead(storage, `Mounts an attached EBS volume at ${storage.mountPath}, now and at every boot; makes a file system on one that is blank.`)}
# Which volume: its id (vol-0123456789abcdef0) or a device as the first argument; else the one at the device name of the storage.
wanted=\${1:-${shellQuote(deviceName)}}
attempts=24 # one every 5 s: a volume may be attached while the host boots

# On Nitro instances volumes are NVMe devices with the volume's id, without its hyphen, as their serial number.
find_device() {
  case $wanted in
    vol-*)
      serial=vol\${wanted#vol-}
      lsblk -dnro PATH,SERIAL | while read -r path number; do
        if [ "$number" = "$serial" ]; then printf '%s\\n' "$path"; break; fi
      done
      ;;
    *)
      # The udev rules of Amazon's AMIs link the name to the NVMe device; Xen instances have it as xvd.
      for path in "$wanted" "/dev/xvd\${wanted#/dev/sd}"; do
        if [ -b "$path" ]; then readlink -f "$path"; break; fi
      done
      ;;
  esac
}

attempt=1
device=$(find_device)
while [ -z "$device" ]; do
  [ "$attempt" -lt "$attempts" ] || fail "no device for $wanted in $attempts attempts: attach the volume, or give its id (vol-...) or device as the argument; attached are: $(lsblk -dnro PATH,SERIAL | tr '\\n' ' ')"
  say "waiting for $wanted (attempt $attempt of $attempts)"
  attempt=$((attempt + 1))
  sleep 5
  device=$(find_device)
done

current=$(findmnt -n -o SOURCE --mountpoint "$target" | tail -n 1 || true)
if [ -n "$current" ]; then
  [ "$(readlink -f "$current")" = "$device" ] || fail "$target already holds another mount ($current), expected $device; unmount it, or change the storage's mountPath"
  say "$device is already mounted at $target"
else
${REFUSE_FILES_UNDERNEATH}  if [ -n "$(lsblk -nro MOUNTPOINT "$device" | tr -d '[:space:]')" ]; then
    fail "$device is in use: $(lsblk -nro PATH,MOUNTPOINT "$device" | tr '\\n' ' ')"
  fi
  # 0: something is there; 2: nothing; anything else: not known, and then nothing is made.
  found=0
  signature=$(blkid -p -o value -s TYPE -s PTTYPE "$device") || found=$?
  case $found in
    0) say "$device has \${signature:-data} on it and is taken as it is" ;;
    2)
      say "$device is blank; making ${fileSystem} on it"
      ${mkfs} "$device"
      ;;
    *) fail "cannot tell what is on $device (blkid ended with $found); nothing was changed" ;;
  esac
  mkdir -p "$target"
  mount -o nofail "$device" "$target" || fail "cannot mount $device at $target: is it a file system this kernel knows (\${signature:-${fileSystem}})?"
  say "mounted $device at $target"
fi

uuid=$(blkid -o value -s UUID "$device")
[ -n "$uuid" ] || fail "$device has no UUID, so it cannot be mounted at boot"
line="UUID=$uuid $target auto defaults,nofail 0 2"
${ADD_FSTAB_LINE}`;
}
