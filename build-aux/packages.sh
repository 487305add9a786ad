# packages.sh: what Facet needs from Debian (12, 13) or Ubuntu (24.04 and later), and how it is installed.
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sourced by ./run and ./check.  The package manager is only touched when something is missing.

packages_run="gcc libc6-dev meson ninja-build pkg-config gettext
 libglib2.0-dev libglib2.0-bin libjansson-dev
 libgtk-4-dev libgtk-4-bin libadwaita-1-dev libgtksourceview-5-dev libmd4c-dev libmd4c-html0-dev libsqlite3-dev
 libsoup-3.0-dev glib-networking libsecret-1-dev
 portaudio19-dev libasound2-dev libgdk-pixbuf-2.0-dev libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
 gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-libav
 desktop-file-utils adwaita-icon-theme librsvg2-common"

packages_check="$packages_run
 xvfb xauth dbus dbus-bin at-spi2-core xdotool openbox imagemagick fonts-cantarell fonts-dejavu-core
 pulseaudio pulseaudio-utils libasound2-plugins alsa-utils espeak-ng sox
 appstream g++ python3 python3-numpy clang-14|clang libclang-rt-14-dev|libclang-rt-dev procps"

# Which of the names in $* are not installed; "a|b" means the first that this release has.
packages_missing() {
  for choice in "$@"; do
    found=
    for name in $(printf '%s' "$choice" | tr '|' ' '); do
      status=$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)
      [ "$status" = installed ] && found=1 && break
    done
    [ -n "$found" ] || printf '%s\n' "$choice"
  done
}

# The names in $* as this release calls them.
packages_resolve() {
  for choice in "$@"; do
    for name in $(printf '%s' "$choice" | tr '|' ' '); do
      case $choice in
        *'|'*) apt-cache show "$name" >/dev/null 2>&1 || continue ;;
      esac
      printf '%s\n' "$name"
      break
    done
  done
}

# packages_install NAME…: makes sure of every one, or says what to do and fails.
packages_install() {
  if ! command -v apt-get >/dev/null 2>&1; then
    command -v meson >/dev/null 2>&1 && return 0
    echo "$0: this system has no apt-get.  Install the equivalents of: $(echo $*)" >&2
    return 1
  fi
  missing=$(packages_missing "$@")
  [ -z "$missing" ] && return 0
  sudo=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
      echo "$0: these packages are missing, and there is no sudo to install them with: $(echo $missing)" >&2
      return 1
    }
    sudo=sudo
  fi
  echo "Installing $(echo $missing)" >&2
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 &&
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold $(packages_resolve $missing) >&2 || {
    echo "$0: the packages could not be installed; the lines above say why" >&2
    return 1
  }
}

# packages_ensure STAMP NAME…: as packages_install, but not even a look when STAMP says that this very list was there.
packages_ensure() {
  stamp=$1
  shift
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(echo "$@")" ]; then
    return 0
  fi
  packages_install "$@" || return 1
  mkdir -p "$(dirname "$stamp")"
  echo "$@" >"$stamp"
}
