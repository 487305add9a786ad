#!/bin/bash
# pack-espeak.sh OUTDIR: espeak-ng with its English voices and a few other languages as a folder of 3 MB, for a machine that
# has none (Debian, x86-64; needs gcc).  In the place of libpcaudio is a stub: nothing is played.
set -e
lib=/usr/lib/x86_64-linux-gnu
data=$lib/espeak-ng-data
out=$1/espeak-ng-data
mkdir -p "$out/voices"
cp $data/{phondata,phontab,phonindex,intonations} "$out/"
for language in en de fr es it pl pt nl sv tr fi cs hu ro lt; do
  cp "$data/${language}_dict" "$out/"
  for file in $(cd $data && find lang -name "$language" -o -name "$language-*"); do
    mkdir -p "$out/$(dirname "$file")"
    cp "$data/$file" "$out/$file"
  done
done
cp -r "$data/voices/!v" "$out/voices/"
cp -L $lib/libespeak-ng.so.1 $lib/libsonic.so.0 "$1/"
cat > "$1/stub.c" <<'C'
void *create_audio_device_object (const char *a, const char *b, const char *c) { return 0; }
int audio_object_open (void *o, int f, unsigned r, unsigned char c) { return 0; }
int audio_object_flush (void *o) { return 0; }
int audio_object_drain (void *o) { return 0; }
const char *audio_object_strerror (void *o, int e) { return "stub"; }
void audio_object_destroy (void *o) {}
void audio_object_close (void *o) {}
int audio_object_write (void *o, const void *d, unsigned long n) { return 0; }
C
gcc -O1 -shared -fPIC -Wl,-soname,libpcaudio.so.0 -o "$1/libpcaudio.so.0" "$1/stub.c"
rm "$1/stub.c"
du -sh "$1"
