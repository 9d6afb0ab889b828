package cli

import (
	"fmt"
	"io"
	"strings"
)

// completion writes the script by which a shell completes verbs and flags.
func (p Program) completion(w io.Writer, args []string) error {
	if len(args) == 1 {
		var script string
		switch args[0] {
		case "bash":
			script = p.bash()
		case "zsh":
			script = p.zsh()
		case "fish":
			script = p.fish()
		}
		if script != "" {
			_, err := io.WriteString(w, script)
			return err
		}
	}
	return fmt.Errorf("expected one shell, bash, zsh or fish, found %q", strings.Join(args, " "))
}

// words is the names of the verbs, those that are built in too.
func (p Program) words() string {
	return strings.ReplaceAll(p.names(), ",", "")
}

func (p Program) bash() string {
	text := &strings.Builder{}
	fmt.Fprintf(text, `# bash completion: eval "$(painless completion bash)"
_painless() {
	local word=${COMP_WORDS[COMP_CWORD]} words=
	if [ "$COMP_CWORD" = 1 ]; then
		words='%s'
	else
		case ${COMP_WORDS[1]} in
		help) words='%s' ;;
		completion) words='bash zsh fish' ;;
`, p.words(), p.words())
	for _, v := range p {
		var flags []string
		for _, f := range v.Flags() {
			flags = append(flags, "-"+f.Name)
		}
		fmt.Fprintf(text, "\t\t%s) [[ $word = -* ]] && words='%s' ;;\n", v.Name, strings.Join(flags, " "))
	}
	text.WriteString(`		esac
	fi
	COMPREPLY=($(compgen -W "$words" -- "$word")) # where there is none, the shell completes files
}
complete -o bashdefault -o default -F _painless painless
`)
	return text.String()
}

func (p Program) zsh() string {
	text := &strings.Builder{}
	fmt.Fprintf(text, `#compdef painless
# zsh completion: source <(painless completion zsh), after compinit
_painless() {
	if (( CURRENT == 2 )); then
		compadd %s
		return
	fi
	local verb=$words[2]
	shift words
	(( CURRENT-- ))
	case $verb in
	help) compadd %s ;;
	completion) compadd bash zsh fish ;;
`, p.words(), p.words())
	special := strings.NewReplacer("[", `\[`, "]", `\]`, ":", `\:`, "'", `'\''`)
	for _, v := range p {
		fmt.Fprintf(text, "\t%s) _arguments \\\n", v.Name)
		for _, f := range v.Flags() {
			value := ":value:_files"
			if f.Bool {
				value = ""
			}
			fmt.Fprintf(text, "\t\t'-%s[%s]%s' \\\n", f.Name, special.Replace(f.Usage), value)
		}
		text.WriteString("\t\t'*:input:_files' ;;\n")
	}
	text.WriteString("\tesac\n}\ncompdef _painless painless\n")
	return text.String()
}

func (p Program) fish() string {
	text := &strings.Builder{}
	text.WriteString("# fish completion: painless completion fish | source\n")
	special := strings.NewReplacer(`\`, `\\`, "'", `\'`)
	fmt.Fprintf(text, "complete -c painless -n __fish_use_subcommand -f -a '%s'\n", p.words())
	fmt.Fprintf(text, "complete -c painless -n '__fish_seen_subcommand_from help' -f -a '%s'\n", p.words())
	text.WriteString("complete -c painless -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'\n")
	for _, v := range p {
		for _, f := range v.Flags() {
			value := " -r"
			if f.Bool {
				value = ""
			}
			fmt.Fprintf(text, "complete -c painless -n '__fish_seen_subcommand_from %s' -o %s%s -d '%s'\n", v.Name, f.Name, value, special.Replace(f.Usage))
		}
	}
	return text.String()
}
