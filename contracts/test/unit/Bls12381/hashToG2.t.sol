// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bls12381} from "../../../src/libraries/Bls12381.sol";
import {IQuorumScheme} from "../../../src/interfaces/IQuorumVerifier.sol";
import {BlsKit, BlsMath} from "../../support/BlsKit.sol";

/// @notice Known answers of RFC 9380, appendix J.10.1 (suite BLS12381G2_XMD:SHA-256_SSWU_RO_), and the golden vectors.
contract HashToG2Test is BlsKit {
    bytes private constant RFC_DST = "QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_";
    BlsMath private math = new BlsMath();

    function test_fieldElementsOfTheRfc() public view {
        bytes32[8] memory u = math.hashToField("", RFC_DST);
        assertEq(
            abi.encodePacked(u),
            abi.encodePacked(
                bytes16(0),
                hex"03dbc2cce174e91ba93cbb08f26b917f98194a2ea08d1cce75b2b9cc9f21689d80bd79b594a613d0a68eb807dfdc1cf8",
                bytes16(0),
                hex"05a2acec64114845711a54199ea339abd125ba38253b70a92c876df10598bd1986b739cad67961eb94f7076511b3b39a",
                bytes16(0),
                hex"02f99798e8a5acdeed60d7e18e9120521ba1f47ec090984662846bc825de191b5b7641148c0dbc237726a334473eee94",
                bytes16(0),
                hex"145a81e418d4010cc027a68f14391b30074e89e60ee7a22f87217b2f6eb0c4b94c9115b436e6fa4607e95a98de30a435"
            ),
            "u"
        );
    }

    function test_pointOfTheRfcForTheEmptyMessage() public view {
        assertEq(
            math.hashToG2("", RFC_DST),
            abi.encodePacked(
                bytes16(0),
                hex"0141ebfbdca40eb85b87142e130ab689c673cf60f1a3e98d69335266f30d9b8d4ac44c1038e9dcdd5393faf5c41fb78a",
                bytes16(0),
                hex"05cb8437535e20ecffaef7752baddf98034139c38452458baeefab379ba13dff5bf5dd71b72418717047f5b0f37da03d",
                bytes16(0),
                hex"0503921d7f6a12805e72940b963c0cf3471c7b2a524950ca195d11062ee75ec076daf2d4bc358c4b190c0c98064fdd92",
                bytes16(0),
                hex"12424ac32561493f3fe3c260708a12b7c620e7be00099a974e259ddc7d1f6395c3c811cdd19f1e8dbf3e9ecfdcbab8d6"
            ),
            "P"
        );
    }

    function test_pointOfTheRfcForAbc() public view {
        assertEq(
            math.hashToG2("abc", RFC_DST),
            abi.encodePacked(
                bytes16(0),
                hex"02c2d18e033b960562aae3cab37a27ce00d80ccd5ba4b7fe0e7a210245129dbec7780ccc7954725f4168aff2787776e6",
                bytes16(0),
                hex"139cddbccdc5e91b9623efd38c49f81a6f83f175e80b06fc374de9eb4b41dfe4ca3a230ed250fbe3a2acf73a41177fd8",
                bytes16(0),
                hex"1787327b68159716a37440985269cf584bcb1e621d3a7202be6ea05c4cfe244aeb197642555a0645fb87bf7466b2ba48",
                bytes16(0),
                hex"00aa65dae3c8d732d10ecd2c50f8a1baf3001578f71c694e03866e9f3d49ac1e1ce70dd94a733534f106d4cec0eddd16"
            ),
            "P"
        );
    }

    function test_goldenVectors() public view {
        for (uint256 i = 0; i < 3; ++i) {
            string memory one = string.concat(".cases[", vm.toString(i), "].");
            bytes memory digest = vector(string.concat(one, "digest"));
            assertEq(math.hashToG2(digest, SIGN_DST), vector(string.concat(one, "hashToG2")), "hash");
        }
    }

    function testFuzz_tagSeparates(bytes calldata message) public view {
        bytes32 signed = keccak256(math.hashToG2(message, SIGN_DST));
        assertTrue(signed != keccak256(math.hashToG2(message, POSSESSION_DST)), "one message, two tags, two points");
    }

    /// As a chain answers that has no such precompile: ok, and nothing.
    function test_eachPrecompileIsMissed() public {
        address[4] memory needed = [Bls12381.SHA256, Bls12381.MODEXP, Bls12381.MAP_FP2_TO_G2, Bls12381.G2ADD];
        for (uint256 i = 0; i < needed.length; ++i) {
            vm.mockCall(needed[i], "", "");
            vm.expectRevert(abi.encodeWithSelector(IQuorumScheme.PrecompileMissing.selector, needed[i]));
            math.hashToG2("abc", SIGN_DST);
            vm.clearMockedCalls();
        }
    }

    function test_aPrecompileThatRefusesWhatWeMadeIsNotOne() public {
        vm.mockCallRevert(Bls12381.MAP_FP2_TO_G2, "", "");
        vm.expectRevert(abi.encodeWithSelector(IQuorumScheme.PrecompileMissing.selector, Bls12381.MAP_FP2_TO_G2));
        math.hashToG2("abc", SIGN_DST);
    }

    function test_anAnswerOfAnotherSizeIsNone() public {
        vm.mockCall(Bls12381.G2ADD, "", new bytes(128));
        vm.expectRevert(abi.encodeWithSelector(IQuorumScheme.PrecompileMissing.selector, Bls12381.G2ADD));
        math.hashToG2("abc", SIGN_DST);
    }
}
