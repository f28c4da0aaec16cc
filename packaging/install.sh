#!/bin/sh
# Installs the air-gapped snap store from the folder that this file lies in: program, runtime and database, with nothing from
# the network and nothing but POSIX sh, coreutils and tar from this machine. Running it again repairs or upgrades; the store's
# data stays. Whatever interrupts it leaves the old version or the new one.
#
# All of it is functions, and the last line calls the first of them: a file that was cut short does nothing.

version='@VERSION@'
architecture='@ARCHITECTURE@'
machine='@MACHINE@'
sealed='@SEALED@'

set -eu
umask 022
LC_ALL=C
export LC_ALL
IFS=' 	
'

main() {
	here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
	prefix=/opt/snap-store-proxy
	data=/var/lib/snap-store-proxy
	user=snap-store-proxy
	links=
	sha256=
	tarball=
	action=install
	purge=no
	service=yes
	parse_options "$@"
	push_folder=/var/snap/snap-store-proxy/common/snaps-to-push
	if [ "$user" = '' ]; then
		push_folder=$data/snaps-to-push
	elif [ "$(id -u)" -ne 0 ]; then
		fail 'this needs root: sudo ./install.sh (or --no-user with --prefix and --data-dir of your own)'
	fi
	choose_links
	if [ "$action" = uninstall ]; then uninstall; else install_all; fi
}

usage() {
	cat <<'END'
usage: sudo ./install.sh [--sha256 DIGEST] [--prefix DIR] [--data-dir DIR] [--bin-dir DIR] [--no-service]
       sudo ./install.sh --uninstall [--purge]

Installs the snap store that lies in this folder, or upgrades the one that is there and keeps its data.

  --sha256 DIGEST  refuse unless offline-snap-store.tar.gz has this SHA-256, and install from that file and not from the folder
  --tarball FILE   the file that --sha256 is about (default: offline-snap-store.tar.gz beside this folder)
  --prefix DIR     where the program goes (default: /opt/snap-store-proxy)
  --data-dir DIR   where the store keeps its data (default: /var/lib/snap-store-proxy)
  --bin-dir DIR    where the commands snap-store-proxy and snap-proxy go (default: /usr/local/bin)
  --no-service     make no systemd service
  --no-user        make no system user and no service: for trying it out as an ordinary user, with the three folders given
  --uninstall      remove program, commands and service; the data stays
  --purge          with --uninstall: remove the data, the registration and the system user, too

Example: sudo ./install.sh --sha256 3f786850e387550fdab836ed7e6dc881de23001b3f786850e387550fdab836ed
END
}

parse_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--prefix) prefix=$(absolute "$@"); shift 2 ;;
		--data-dir) data=$(absolute "$@"); shift 2 ;;
		--bin-dir) links=$(absolute "$@"); shift 2 ;;
		--tarball) tarball=$(absolute "$@"); shift 2 ;;
		--sha256)
			[ $# -ge 2 ] || misuse '--sha256 needs a digest'
			sha256=$2
			case $sha256 in *[!0-9a-f]*) misuse '--sha256 needs 64 digits and small letters from 0 to f' ;; esac
			[ ${#sha256} -eq 64 ] || misuse '--sha256 needs 64 digits and small letters from 0 to f'
			shift 2
			;;
		--no-service) service=no; shift ;;
		--no-user) user=''; service=no; shift ;;
		--uninstall) action=uninstall; shift ;;
		--purge) purge=yes; shift ;;
		-h | --help) usage; exit 0 ;;
		*) misuse "there is no option $1" ;;
		esac
	done
	[ "$purge" = no ] || [ "$action" = uninstall ] || misuse '--purge goes with --uninstall'
	[ "$tarball" = '' ] || [ "$sha256" != '' ] || misuse '--tarball goes with --sha256'
}

# The value of an option that names a folder or file, without a slash at its end.
absolute() {
	[ $# -ge 2 ] || misuse "$1 needs a path"
	case $2 in
	/) misuse "$1 cannot be /" ;;
	*[!A-Za-z0-9_./@:+,=-]*) misuse "$1 takes a path of letters, digits and ._/@:+,=- only" ;;
	*/../* | */..) misuse "$1 takes a path without .." ;;
	/*) printf '%s\n' "${2%/}" ;;
	*) printf '%s/%s\n' "$(pwd -P)" "${2%/}" ;;
	esac
}

# Where commands are found, also by sudo.
choose_links() {
	[ "$links" = '' ] || return 0
	if [ "$user" = '' ]; then
		links=$prefix/bin
	elif [ -d /usr/local/bin ]; then
		links=/usr/local/bin
	else
		links=/usr/bin
	fi
}

install_all() {
	check_machine
	if [ "$sha256" != '' ]; then install_checked_tarball; fi
	check_files "$here" SHA256SUMS
	previous=
	if [ -L "$prefix/current" ]; then previous=$(readlink "$prefix/current"); fi
	refuse_foreign_links
	refuse_long_data_path
	choose_target
	stage_version
	make_user
	make_data
	switch_to "versions/$version_name"
	make_links
	check_command
	make_service
	forget_old_versions
	say_next_steps
}

check_machine() {
	[ "$(uname -s)" = Linux ] || fail 'this is for Linux'
	[ "$(uname -m)" = "$machine" ] || fail "this is for $architecture ($machine), and this machine is $(uname -m): register again with --arch"
	for tool in sha256sum tar; do
		command -v "$tool" >/dev/null 2>&1 || fail "$tool is needed, and is not there"
	done
}

# Only what is in the file with that digest counts from here on, its installer too, whatever happened to the folder.
install_checked_tarball() {
	if [ "$tarball" = '' ]; then tarball=$(dirname -- "$here")/offline-snap-store.tar.gz; fi
	[ -f "$tarball" ] || fail "$tarball is not there; --tarball FILE says where it is"
	found=$(digest_of "$tarball")
	[ "$found" = "$sha256" ] || fail "$tarball is not the file you mean: its SHA-256 is $found"
	mkdir -p "$prefix"
	rm -rf "$prefix"/.unpacking-*
	workshop=$prefix/.unpacking-$$
	mkdir -m 700 "$workshop"
	tar -xzf "$tarball" -C "$workshop" --no-same-owner || fail "$tarball cannot be unpacked"
	set -- --prefix "$prefix" --data-dir "$data" --bin-dir "$links"
	if [ "$user" = '' ]; then set -- "$@" --no-user; fi
	if [ "$service" = no ]; then set -- "$@" --no-service; fi
	status=0
	sh "$workshop/offline-snap-store/install.sh" "$@" || status=$?
	rm -rf "$workshop"
	exit "$status"
}

# Every file that the given list names, and the list itself. Says which file is not what it was.
check_files() {
	[ -f "$1/SHA256SUMS" ] && [ -f "$1/SHA256SUMS.sha256" ] || fail "SHA256SUMS is missing in $1: unpack the file again"
	if [ "$(digest_of "$1/SHA256SUMS")  SHA256SUMS" != "$(cat "$1/SHA256SUMS.sha256")" ]; then
		fail "SHA256SUMS is damaged: carry the file again"
	fi
	complaints=$(cd "$1" && sha256sum --check --strict --quiet "$2" 2>&1) && return 0
	printf '%s\n' "$complaints" >&2
	fail "something in $1 is damaged or missing (see above): carry the file again"
}

# What goes into the program's folder; the registration is not among it.
is_program() {
	case $1 in
	bin/* | runtime/* | program/* | node_modules/* | install.sh | manifest.json | links) return 0 ;;
	*) return 1 ;;
	esac
}

# A folder that is in use is never touched: the same version again gets another name.
choose_target() {
	base_name=$version-$(digest_of "$here/SHA256SUMS" | cut -c 1-12)
	version_name=$base_name
	count=1
	while [ -e "$prefix/versions/$version_name" ]; do
		count=$((count + 1))
		version_name=$base_name.$count
	done
}

# Puts the new version beside the old one, under its final name only when it is whole and runs.
stage_version() {
	mkdir -p "$prefix/versions"
	# What an interrupted run has left.
	rm -rf "$prefix"/versions/.new-*
	stage=$prefix/versions/.new-$$
	mkdir "$stage"
	while read -r digest path; do
		if is_program "$path"; then printf '%s  %s\n' "$digest" "$path"; fi
	done <"$here/SHA256SUMS" >"$stage/SHA256SUMS"
	printf '%s  SHA256SUMS\n' "$(digest_of "$stage/SHA256SUMS")" >"$stage/SHA256SUMS.sha256"
	cut -c 67- "$stage/SHA256SUMS" >"$stage/.files"
	(cd "$here" && tar -cf - -T "$stage/.files") | (cd "$stage" && tar -xf - --no-same-owner)
	rm "$stage/.files"
	make_library_links
	chmod -R u+rwX,go+rX,go-w "$stage"
	# What was copied is what counts: the folder that it came from may be anybody's.
	check_files "$stage" SHA256SUMS
	[ "$("$stage/bin/snap-store-proxy" --version 2>&1)" = "$version" ] ||
		fail "the program does not run on this machine: $("$stage/bin/snap-store-proxy" --version 2>&1)"
	sync
	mv "$stage" "$prefix/versions/$version_name"
}

# Shared libraries of the embedded database are found under more than one name; the list was checked with the rest.
make_library_links() {
	while read -r link_target link; do
		case $link$link_target in *..* | /*) fail "links names $link, which is outside" ;; esac
		ln -s "$link_target" "$stage/$link"
	done <"$here/links"
}

make_user() {
	[ "$user" != '' ] || return 0
	if id -u "$user" >/dev/null 2>&1; then return 0; fi
	if command -v useradd >/dev/null 2>&1; then
		useradd --system --user-group --no-create-home --home-dir "$data" --shell /usr/sbin/nologin \
			--comment 'Air-gapped snap store' "$user"
	elif command -v adduser >/dev/null 2>&1; then
		adduser --system --group --no-create-home --home "$data" "$user" >/dev/null
	else
		fail "there is neither useradd nor adduser to make the system user $user with: make it by hand, and run this again"
	fi
}

# The registration is one file that is replaced at once; what the store has taken in already it keeps in its database.
make_data() {
	mkdir -p "$data"
	make_private "$data" 0750
	mkdir -p "$data/registration"
	make_private "$data/registration" 0700
	for file in proxy.assert registration_bundle.b64; do
		if [ ! -f "$here/$file" ]; then continue; fi
		fresh=$data/registration/.$file.new
		(umask 077 && cat "$here/$file" >"$fresh")
		make_private "$fresh" 0600
		sync
		mv -f "$fresh" "$data/registration/$file"
	done
	mkdir -p "$push_folder"
}

make_private() {
	if [ "$user" != '' ]; then chown "$user:$user" "$1"; fi
	chmod "$2" "$1"
}

# A link is replaced in one step.
point() {
	fresh=${1%/*}/.${1##*/}.new
	ln -sfn "$2" "$fresh"
	mv -fT "$fresh" "$1"
}

switch_to() {
	point "$prefix/current" "$1"
	sync
}

# Somebody else's command of the same name is not ours to replace.
refuse_foreign_links() {
	for command in snap-store-proxy snap-proxy; do
		link=$links/$command
		if [ ! -e "$link" ] && [ ! -L "$link" ]; then continue; fi
		[ -L "$link" ] && [ "$(readlink "$link")" = "$prefix/current/bin/snap-store-proxy" ] ||
			fail "$link is there already and is not this program's: remove it, or choose another --bin-dir"
	done
}

make_links() {
	mkdir -p "$links"
	for command in snap-store-proxy snap-proxy; do
		point "$links/$command" "$prefix/current/bin/snap-store-proxy"
	done
}

# The embedded database's socket lies below, and outside of the service's own /tmp; its path can only be so long.
refuse_long_data_path() {
	if [ ${#data} -gt 70 ] && has_systemd; then fail "--data-dir takes at most 70 characters for a service"; fi
}

check_command() {
	if [ "$("$links/snap-store-proxy" --version 2>&1)" = "$version" ]; then return 0; fi
	go_back || true
	fail "$links/snap-store-proxy does not run"
}

# To the version that was there before, where there was one.
go_back() {
	if [ "$previous" = '' ] || [ ! -d "$prefix/$previous" ]; then return 1; fi
	switch_to "$previous"
}

has_systemd() {
	[ "$service" = yes ] && [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1
}

# A store that ran is restarted; where the new version does not stay up, the old one is put back.
make_service() {
	has_systemd || return 0
	for unit in snap-store-proxy.service snap-store-proxy-registered.path; do
		fill_in "$prefix/current/program/packaging/$unit" >"/etc/systemd/system/.$unit.new"
		mv -f "/etc/systemd/system/.$unit.new" "/etc/systemd/system/$unit"
	done
	systemctl daemon-reload
	systemctl --quiet enable snap-store-proxy.service
	systemctl --quiet enable --now snap-store-proxy-registered.path
	systemctl --quiet is-active snap-store-proxy.service || return 0
	systemctl restart snap-store-proxy.service && stays_up && return 0
	if go_back; then
		systemctl restart snap-store-proxy.service || true
		fail "$version does not start (see journalctl -u snap-store-proxy); $previous runs again"
	fi
	fail "$version does not start: see journalctl -u snap-store-proxy"
}

stays_up() {
	tries=0
	while [ "$tries" -lt 10 ]; do
		sleep 1
		[ "$(systemctl show --property=ActiveState --value snap-store-proxy.service)" = active ] || return 1
		tries=$((tries + 1))
	done
}

fill_in() {
	while IFS= read -r line; do
		replace_all "$line" @PREFIX@ "$prefix"
		replace_all "$replaced" @DATA@ "$data"
		replace_all "$replaced" @USER@ "$user"
		printf '%s\n' "$replaced"
	done <"$1"
}

replace_all() {
	rest=$1
	replaced=
	while :; do
		case $rest in
		*"$2"*)
			replaced=$replaced${rest%%"$2"*}$3
			rest=${rest#*"$2"}
			;;
		*)
			replaced=$replaced$rest
			return 0
			;;
		esac
	done
}

# The version before this one stays, to go back to.
forget_old_versions() {
	for folder in "$prefix"/versions/*; do
		case "versions/${folder##*/}" in
		"versions/$version_name" | "$previous") ;;
		*) rm -rf "$folder" ;;
		esac
	done
}

uninstall() {
	[ -L "$prefix/current" ] || [ -d "$prefix/versions" ] || fail "nothing is installed in $prefix"
	if has_systemd; then
		systemctl --quiet disable --now snap-store-proxy-registered.path snap-store-proxy.service 2>/dev/null || true
		rm -f /etc/systemd/system/snap-store-proxy.service /etc/systemd/system/snap-store-proxy-registered.path
		rm -rf /etc/systemd/system/snap-store-proxy.service.d
		systemctl daemon-reload
	fi
	for command in snap-store-proxy snap-proxy; do
		if [ "$(readlink "$links/$command" 2>/dev/null || true)" = "$prefix/current/bin/snap-store-proxy" ]; then
			rm -f "$links/$command"
		fi
	done
	rm -f "$prefix/current"
	rm -rf "$prefix/versions" "$prefix"/.unpacking-*
	if [ "$links" = "$prefix/bin" ]; then rmdir "$links" 2>/dev/null || true; fi
	rmdir "$prefix" 2>/dev/null || true
	if [ "$purge" = no ]; then
		echo "The snap store is removed. Its data stays in $data; --uninstall --purge removes that too."
		return 0
	fi
	rm -rf "$data"
	rmdir "$push_folder" 2>/dev/null || true
	if [ "$user" != '' ] && id -u "$user" >/dev/null 2>&1 && command -v userdel >/dev/null 2>&1; then userdel "$user"; fi
	echo "The snap store and its data are removed."
}

say_next_steps() {
	run=
	if [ "$user" != '' ]; then run='sudo '; fi
	command=snap-store-proxy
	if [ "$links" = "$prefix/bin" ]; then command=$links/snap-store-proxy; fi
	if [ "$data" != /var/lib/snap-store-proxy ]; then command="$command --data-dir $data"; fi
	case $previous in
	'') echo "snap-store-proxy $version is installed in $prefix; its data is in $data." ;;
	"versions/$base_name" | "versions/$base_name".*)
		echo "snap-store-proxy $version was installed already; it has been put in again." ;;
	*) echo "snap-store-proxy $version is installed in $prefix in place of ${previous#versions/}; its data is where it was." ;;
	esac
	echo 'Next:'
	echo "  $run$command config proxy.db.connection=postgresql://USER:PASSWORD@HOST:5432/DATABASE   (or leave it out: a database is built in)"
	if [ "$sealed" = yes ]; then
		echo "  SNAPSTORE_BETA_PASSWORD=INSTALL-PASSWORD ${run:+sudo -E }$command enable-airgap-mode --password PASSWORD"
	else
		echo "  $run$command enable-airgap-mode --password PASSWORD"
	fi
	echo "  $run$command status"
	if has_systemd; then
		echo 'The service snap-store-proxy starts when the registration is taken in; systemctl start snap-store-proxy starts it at once.'
	else
		echo 'There is no systemd to start the store with. This runs it:'
		echo "  $run$command serve"
	fi
	echo "Snaps to push can be put into $push_folder."
}

digest_of() {
	sha256sum <"$1" | cut -d ' ' -f 1
}

misuse() {
	echo "install.sh: $1" >&2
	exit 2
}

fail() {
	echo "install.sh: $1" >&2
	exit 1
}

main "$@"
