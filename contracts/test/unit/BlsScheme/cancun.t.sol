// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuorumScheme} from "../../../src/interfaces/IQuorumVerifier.sol";
import {Bls12381} from "../../../src/libraries/Bls12381.sol";
import {BlsScheme} from "../../../src/quorum/BlsScheme.sol";
import {BlsKit} from "../../support/BlsKit.sol";

/// @notice On a chain from before EIP-2537 the precompiles' addresses are empty accounts: they answer ok, with nothing. That must not pass for yes.
/// forge-config: default.evm_version = "cancun"
contract CancunTest is BlsKit {
    BlsScheme private scheme = new BlsScheme();
    bytes32 private constant DIGEST = 0x9999999999999999999999999999999999999999999999999999999999999999;

    function test_theChainHasNoPrecompiles() public view {
        (bool ok, bytes memory output) = Bls12381.PAIRING_CHECK.staticcall(new bytes(384));
        assertTrue(ok && output.length == 0, "this test runs on cancun");
    }

    function test_checkKey() public {
        address operator = address(bytes20(ofMember(0, "operator")));
        vm.expectRevert(abi.encodeWithSelector(IQuorumScheme.PrecompileMissing.selector, Bls12381.MAP_FP2_TO_G2));
        scheme.checkKey(operator, ofMember(0, "publicKey"), ofMember(0, "possession"));
    }

    function test_verifyOfOne() public {
        bytes memory proof = vector(".cases[1].proofs[5].proof");
        vm.expectRevert(abi.encodeWithSelector(IQuorumScheme.PrecompileMissing.selector, Bls12381.MAP_FP2_TO_G2));
        scheme.verify(DIGEST, vectorKeys(), proof);
    }

    function test_verifyOfThree() public {
        bytes memory proof = vector(".cases[1].proofs[0].proof");
        vm.expectRevert(abi.encodeWithSelector(IQuorumScheme.PrecompileMissing.selector, Bls12381.G1ADD));
        scheme.verify(DIGEST, vectorKeys(), proof);
    }
}
